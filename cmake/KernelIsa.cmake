# Which instructions each kernel table is compiled with. A table's objects define nothing outside
# the namespace of their set; tools/check_isa_objects.py proves it after the build.
set(FATHOM_ISA_scalar)
set(FATHOM_ISA_avx2 -mavx2 -mfma -mf16c)
set(FATHOM_ISA_avx512 ${FATHOM_ISA_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl)
set(FATHOM_ISA_avx512bf16 ${FATHOM_ISA_avx512} -mavx512bf16)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns about its own intrinsics headers (GCC bug 105593).
  list(APPEND FATHOM_ISA_avx512 -Wno-maybe-uninitialized -Wno-uninitialized)
  list(APPEND FATHOM_ISA_avx512bf16 -Wno-maybe-uninitialized -Wno-uninitialized)
endif()
set(FATHOM_ISAS scalar avx2 avx512 avx512bf16)

# fathom_kernel_tables(OBJECTS): compiles kernels/table_ISA.cc for every set, each as an object
# library of its own, and returns their objects. Kernels never look at errno. UBSan looks at the
# scalar table alone: the others are the same sources with wider vectors, take minutes each with its
# checks, and keep AddressSanitizer's.
function(fathom_kernel_tables objects)
  set(all)
  set(named)
  foreach(isa IN LISTS FATHOM_ISAS)
    set(table fathom_kernels_${isa})
    add_library(${table} OBJECT kernels/table_${isa}.cc)
    target_link_libraries(${table} PRIVATE fathom_flags)
    target_compile_options(${table} PRIVATE -O3 -fno-math-errno ${FATHOM_ISA_${isa}})
    if(FATHOM_SANITIZE MATCHES "undefined" AND NOT isa STREQUAL "scalar")
      target_compile_options(${table} PRIVATE -fno-sanitize=undefined)
    endif()
    list(APPEND all $<TARGET_OBJECTS:${table}>)
    list(APPEND named ${isa}=$<TARGET_OBJECTS:${table}>)
  endforeach()
  set(${objects} ${all} PARENT_SCOPE)

  # Sanitizers put symbols of their own into every object, so the proof is one for plain builds.
  if(FATHOM_TESTS AND NOT FATHOM_SANITIZE)
    find_package(Python3 REQUIRED COMPONENTS Interpreter)
    set(check ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/check_isa_objects.py)
    add_test(NAME check_isa_objects COMMAND ${check} ${named})
    # That it can fail: objects under a name that is not theirs.
    add_test(NAME check_isa_objects_notices
             COMMAND ${check} scalar=$<TARGET_OBJECTS:fathom_kernels_avx2>)
    set_tests_properties(check_isa_objects_notices PROPERTIES WILL_FAIL TRUE)
    set_tests_properties(check_isa_objects check_isa_objects_notices PROPERTIES LABELS check)
  endif()
endfunction()
