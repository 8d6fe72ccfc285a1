# What `cmake --install` puts where, by component:
#   program     the program, its manual pages, completions and documentation
#   model       the bundled model
#   unpackaged  what Debian packages have in another place or form
# and that, for packages alone, program_deb and model_deb: see cmake/Package.cmake.
set(data ${CMAKE_INSTALL_DATADIR})

install(TARGETS fathom RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(DIRECTORY ${FATHOM_DOCS_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES ${FATHOM_DOCS_DIR}/completions/fathom.bash RENAME fathom
        DESTINATION ${data}/bash-completion/completions COMPONENT program)
install(FILES ${FATHOM_DOCS_DIR}/completions/_fathom
        DESTINATION ${data}/zsh/site-functions COMPONENT unpackaged)
install(FILES ${FATHOM_DOCS_DIR}/completions/fathom.fish
        DESTINATION ${data}/fish/vendor_completions.d COMPONENT program)
install(FILES README.md DESTINATION ${data}/doc/fathom COMPONENT program)
install(DIRECTORY docs DESTINATION ${data}/doc/fathom COMPONENT program)
install(FILES LICENSE DESTINATION ${data}/doc/fathom COMPONENT unpackaged)

install(DIRECTORY models/fathom-nano DESTINATION ${data}/fathom/models COMPONENT model
        PATTERN *.xz* EXCLUDE)
