# Flags every target of the project is built with.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "Fathom needs g++ 12 or newer, found ${CMAKE_CXX_COMPILER_VERSION}")
endif()

add_library(fathom_flags INTERFACE)
target_compile_options(fathom_flags INTERFACE -Wall -Wextra -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees overlaps inside its own std::string that cannot be (GCC bug 105651).
  target_compile_options(fathom_flags INTERFACE -Wno-restrict)
endif()
# Contraction would let the compiler fuse a*b+c differently from one kernel to the next; the
# kernels say fma where they mean it.
target_compile_options(fathom_flags INTERFACE -ffp-contract=off)
target_include_directories(fathom_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
# One compilation serves the program, the shared library and the Python module. Hidden symbols are
# called without a detour even in position-independent code, and nothing but what is marked leaves
# the library.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
if(FATHOM_DCHECKS OR CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(fathom_flags INTERFACE FATHOM_DCHECKS=1)
endif()

if(FATHOM_SANITIZE)
  add_compile_options(-fsanitize=${FATHOM_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${FATHOM_SANITIZE})
  if(FATHOM_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
if(FATHOM_FUZZ AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "FATHOM_FUZZ needs clang (preset asan)")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
