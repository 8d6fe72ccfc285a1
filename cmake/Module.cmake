# Where fuzz targets look for new paths. Kernels, scheduling and the tests themselves stay as they
# are: counting branches there makes the build and every test slower, and finds nothing.
set(FATHOM_FUZZED_MODULES agent api base chat checkpoint grammar http json mcp terminal tokenizer)

# fathom_module(NAME SOURCES ... DEPS ... LIBRARIES ... TESTS ... BENCHES ... [EVERY_ISA]
#               [TEST_SHARDS N])
#
# One module is one folder below src/ and one static library fathom_NAME. DEPS are other modules,
# LIBRARIES outside ones. TESTS become one program NAME_test, registered with CTest under that
# name; BENCHES become one program NAME_bench. EVERY_ISA, TEST_SHARDS: as for fathom_test below.
function(fathom_module name)
  cmake_parse_arguments(arg "EVERY_ISA" "TEST_SHARDS" "SOURCES;DEPS;LIBRARIES;TESTS;BENCHES;TEST_DEPS;TEST_LIBRARIES" ${ARGN})
  set(library fathom_${name})
  if(arg_SOURCES)
    add_library(${library} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
  else()
    add_library(${library} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(fathom::${name} ALIAS ${library})
  target_link_libraries(${library} ${scope} fathom_flags)
  foreach(dep IN LISTS arg_DEPS)
    target_link_libraries(${library} ${scope} fathom_${dep})
  endforeach()
  target_link_libraries(${library} ${scope} ${arg_LIBRARIES})
  if(FATHOM_FUZZ AND name IN_LIST FATHOM_FUZZED_MODULES)
    target_compile_options(${library} PRIVATE -fsanitize=fuzzer-no-link)
  endif()

  set(test_links ${library})
  foreach(dep IN LISTS arg_TEST_DEPS)
    list(APPEND test_links fathom_${dep})
  endforeach()
  if(FATHOM_TESTS AND arg_TESTS)
    set(repeated)
    if(arg_EVERY_ISA)
      list(APPEND repeated EVERY_ISA)
    endif()
    if(arg_TEST_SHARDS)
      list(APPEND repeated SHARDS ${arg_TEST_SHARDS})
    endif()
    fathom_test(${name}_test SOURCES ${arg_TESTS} LIBRARIES ${test_links} ${arg_TEST_LIBRARIES}
                ${repeated})
    if(FATHOM_SANITIZE MATCHES "undefined" AND NOT arg_SOURCES)
      # All of such a module is compiled with its tests.
      target_compile_options(${name}_test PRIVATE -fsanitize=undefined)
    endif()
  endif()
  if(FATHOM_BENCHES AND arg_BENCHES)
    add_executable(${name}_bench ${arg_BENCHES})
    target_link_libraries(${name}_bench PRIVATE ${test_links} benchmark::benchmark_main)
    target_compile_definitions(${name}_bench PRIVATE FATHOM_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  endif()
endfunction()

# Instruction sets below the best one that a test is repeated with, and what /proc/cpuinfo shows of
# a processor that has them. Where a name is wrong or cannot run, the program says so and fails.
set(FATHOM_LOWER_ISAS scalar)
if(EXISTS /proc/cpuinfo)
  file(STRINGS /proc/cpuinfo cpu_flags REGEX "^flags" LIMIT_COUNT 1)
  if(cpu_flags MATCHES " avx2 " AND cpu_flags MATCHES " fma " AND cpu_flags MATCHES " f16c ")
    list(APPEND FATHOM_LOWER_ISAS avx2)
  endif()
  if(cpu_flags MATCHES " avx512_bf16 ")
    list(APPEND FATHOM_LOWER_ISAS avx512)
  endif()
endif()

# Tests' own sources are half of what there is to compile and hardly any of what runs. There UBSan
# checks arithmetic, bounds and enums, which costs nothing; its checks of every pointer are a fifth of
# the time that such a source takes.
set(FATHOM_TEST_OPTIONS)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND FATHOM_TEST_OPTIONS -O1)
endif()
if(FATHOM_SANITIZE MATCHES "undefined")
  list(APPEND FATHOM_TEST_OPTIONS
       -fno-sanitize=null,alignment,object-size,vptr,function,pointer-overflow)
endif()

# fathom_test(NAME SOURCES ... LIBRARIES ... [LABELS ...] [EVERY_ISA] [PROGRAM] [SHARDS N])
# a GoogleTest program under CTest, label unit; with PROGRAM, for tests that run the program itself,
# label program. Tests find the repository under FATHOM_SOURCE_DIR and the unpacked golden data
# under FATHOM_GOLDEN_DIR. EVERY_ISA runs it again with FATHOM_ISA set to each lower instruction
# set, as NAME@ISA with label isa, for tests that compute through the kernels. SHARDS deals the
# program's tests out to N tests NAME:1 to NAME:N, for programs that take long.
function(fathom_test name)
  cmake_parse_arguments(arg "EVERY_ISA;PROGRAM" "SHARDS" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  set(kind unit)
  if(arg_PROGRAM)
    set(kind program)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${FATHOM_TEST_OPTIONS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE FATHOM_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                             FATHOM_GOLDEN_DIR="${FATHOM_GOLDEN_DIR}")
  add_dependencies(${name} golden bundled_model)
  if(arg_SHARDS)
    foreach(shard RANGE 1 ${arg_SHARDS})
      math(EXPR index "${shard} - 1")
      add_test(NAME ${name}:${shard} COMMAND ${name} --gtest_brief=1)
      set_tests_properties(${name}:${shard} PROPERTIES
        LABELS "${kind};${arg_LABELS}"
        ENVIRONMENT "GTEST_TOTAL_SHARDS=${arg_SHARDS};GTEST_SHARD_INDEX=${index}")
    endforeach()
  else()
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES LABELS "${kind};${arg_LABELS}")
  endif()
  if(arg_EVERY_ISA)
    foreach(isa IN LISTS FATHOM_LOWER_ISAS)
      add_test(NAME ${name}@${isa} COMMAND ${name} --gtest_brief=1)
      set_tests_properties(${name}@${isa} PROPERTIES LABELS "isa;${arg_LABELS}"
                                                     ENVIRONMENT FATHOM_ISA=${isa})
    endforeach()
  endif()
endfunction()

# fathom_fuzz(NAME LIBRARIES ...)   tests/fuzz/NAME_fuzz.cc as a libFuzzer program NAME_fuzz, built
# with FATHOM_FUZZ alone. Its starting corpus stands in tests/fuzz/corpus/NAME;
# tools/run_fuzzers.sh runs every target for a bounded time.
function(fathom_fuzz name)
  cmake_parse_arguments(arg "" "" "LIBRARIES" ${ARGN})
  add_executable(${name}_fuzz ${name}_fuzz.cc)
  target_link_libraries(${name}_fuzz PRIVATE ${arg_LIBRARIES})
  target_compile_options(${name}_fuzz PRIVATE -fsanitize=fuzzer-no-link)
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
endfunction()
