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

# Kernels never look at errno, and 512-bit vectors are wanted where they are written.
function(fathom_kernel_isa)
  foreach(isa IN LISTS FATHOM_ISAS)
    set_source_files_properties(kernels/table_${isa}.cc PROPERTIES COMPILE_OPTIONS
                                "-O3;-fno-math-errno;${FATHOM_ISA_${isa}}")
  endforeach()
endfunction()
