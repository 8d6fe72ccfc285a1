# Debian packages, by CPack (`make deb`): fathom, the program, and fathom-nano, the bundled model.
# A package is a group of components of cmake/Install.cmake. FATHOM_PACKAGER is its maintainer.
set(FATHOM_PACKAGER "The Fathom authors <fathom@fathom.invalid>"
    CACHE STRING "Maintainer of the Debian packages: Name <address>")
set(deb_release 1)
set(deb_version ${PROJECT_VERSION}-${deb_release})

# What Debian wants in every package: a copyright file in its form, the changelog compressed.
file(STRINGS LICENSE licence_lines)
list(FILTER licence_lines INCLUDE REGEX "^Copyright ")
string(REPLACE "Copyright (c) " "" deb_copyright "${licence_lines}")
file(READ LICENSE licence)
string(REGEX REPLACE "^.*Copyright[^\n]*\n\n" "" licence "${licence}")
string(REPLACE "\n\n" "\n.\n" licence "${licence}")
string(REGEX REPLACE "\n$" "" licence "${licence}")
string(REPLACE "\n" "\n " licence " ${licence}")
set(deb_files ${CMAKE_BINARY_DIR}/deb)
file(CONFIGURE OUTPUT ${deb_files}/copyright @ONLY CONTENT
"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Fathom

Files: *
Copyright: @deb_copyright@
License: Expat

License: Expat
@licence@
")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS packaging/changelog LICENSE)
file(STRINGS packaging/changelog changelog_top LIMIT_COUNT 1)
if(NOT changelog_top MATCHES "^fathom \\(${deb_version}\\) ")
  message(FATAL_ERROR "packaging/changelog begins with '${changelog_top}', expected 'fathom (${deb_version}) …'")
endif()
add_custom_command(OUTPUT ${deb_files}/changelog.Debian.gz DEPENDS packaging/changelog VERBATIM
                   COMMAND sh -c "'${GZIP}' -9nc packaging/changelog > '${deb_files}/changelog.Debian.gz'"
                   WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_custom_target(deb_files ALL DEPENDS ${deb_files}/changelog.Debian.gz)
foreach(package fathom/program fathom-nano/model)
  get_filename_component(name ${package} DIRECTORY)
  get_filename_component(component ${package} NAME)
  install(FILES ${deb_files}/copyright ${deb_files}/changelog.Debian.gz
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component}_deb EXCLUDE_FROM_ALL)
endforeach()
# Where Debian's zsh looks below /usr; site-functions is for /usr/local.
install(FILES ${FATHOM_DOCS_DIR}/completions/_fathom COMPONENT program_deb EXCLUDE_FROM_ALL
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
# Its paths are those below /usr. No script of the package enables or starts it.
install(FILES packaging/fathom.service COMPONENT program_deb EXCLUDE_FROM_ALL
        DESTINATION lib/systemd/system)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fathom)
set(CPACK_PACKAGE_CONTACT "${FATHOM_PACKAGER}")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${deb_release})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE gzip)  # xz: 4 % less, weights being what they are, and 50 s

set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL program program_deb model model_deb)
foreach(component program program_deb)
  string(TOUPPER ${component} upper)
  set(CPACK_COMPONENT_${upper}_GROUP program)
endforeach()
foreach(component model model_deb)
  string(TOUPPER ${component} upper)
  set(CPACK_COMPONENT_${upper}_GROUP nano)
endforeach()

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME fathom)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS fathom-nano)
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION
"inference of DeepSeek-V3.2 on CPUs
Fathom runs DeepSeek-V3.2, a mixture of experts with sparse attention, from
the published checkpoint: answers, conversations with tools, batches of
requests, and a server with the APIs of OpenAI and Anthropic.
It also takes any other checkpoint of the same architecture.")

set(CPACK_DEBIAN_NANO_PACKAGE_NAME fathom-nano)
set(CPACK_DEBIAN_NANO_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_NANO_PACKAGE_SECTION science)
set(CPACK_DEBIAN_NANO_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_NANO_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_NANO_PACKAGE_ENHANCES fathom)
set(CPACK_DEBIAN_NANO_DESCRIPTION
"small demonstration model for Fathom
A model of DeepSeek-V3.2's architecture with 36 million parameters, for trying
Fathom out. It knows little, and it is not made by DeepSeek.")
include(CPack)

# Sanitizers bring libraries that no package depends on.
if(FATHOM_TESTS AND NOT FATHOM_SANITIZE)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME package_test
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/tools/package_test.py ${CMAKE_BINARY_DIR})
  set_tests_properties(package_test PROPERTIES LABELS check)
endif()
