# The golden data stands compressed in tests/golden; target `golden` unpacks it, same tree without
# ".xz", into the build folder.
set(FATHOM_GOLDEN_DIR ${CMAKE_BINARY_DIR}/golden)
if(FATHOM_TESTS)
  file(GLOB_RECURSE packed RELATIVE ${CMAKE_SOURCE_DIR}/tests/golden CONFIGURE_DEPENDS
       ${CMAKE_SOURCE_DIR}/tests/golden/*)
  set(unpacked)
  foreach(file IN LISTS packed)
    set(source ${CMAKE_SOURCE_DIR}/tests/golden/${file})
    string(REGEX REPLACE "\\.xz$" "" target ${FATHOM_GOLDEN_DIR}/${file})
    if(file MATCHES "\\.xz$")
      fathom_unpack(${source} ${target})
    else()
      add_custom_command(OUTPUT ${target} DEPENDS ${source} VERBATIM
                         COMMAND ${CMAKE_COMMAND} -E copy ${source} ${target})
    endif()
    list(APPEND unpacked ${target})
  endforeach()

  # The one file that is stored in another form still: see the script.
  set(tokenizer ${FATHOM_GOLDEN_DIR}/tokenizer)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_custom_command(OUTPUT ${tokenizer}/tokenizer.json VERBATIM
                     DEPENDS ${tokenizer}/tokenizer.parts.json ${tokenizer}/assemble.py
                     COMMAND ${Python3_EXECUTABLE} ${tokenizer}/assemble.py
                             ${tokenizer}/tokenizer.parts.json ${tokenizer}/tokenizer.json)
  list(APPEND unpacked ${tokenizer}/tokenizer.json)
  add_custom_target(golden DEPENDS ${unpacked})
endif()
