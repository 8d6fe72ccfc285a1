# The bundled model's weights stand compressed in the repository, to a fifth less: every clone and
# every copy of the tree carries them. Target `bundled_model` unpacks them beside themselves, where
# git ignores them, so that models/fathom-nano is a whole model for every build of this tree and for
# other programs.
find_program(XZ xz REQUIRED)
set(FATHOM_BUNDLED_MODEL ${CMAKE_SOURCE_DIR}/models/fathom-nano)

# fathom_unpack(SOURCE TARGET)   a rule; builds side by side may follow it at once.
function(fathom_unpack source target)
  get_filename_component(folder ${target} DIRECTORY)
  add_custom_command(OUTPUT ${target} DEPENDS ${source} VERBATIM
                     COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
                     COMMAND sh -c "'${XZ}' -dc '${source}' > '${target}.xz'.$$ && mv '${target}.xz'.$$ '${target}' \
                                    || { rm -f '${target}.xz'.$$; exit 1; }")
endfunction()

file(GLOB packed_weights CONFIGURE_DEPENDS ${FATHOM_BUNDLED_MODEL}/*.safetensors.xz)
set(weights)
foreach(file IN LISTS packed_weights)
  string(REGEX REPLACE "\\.xz$" "" target ${file})
  fathom_unpack(${file} ${target})
  list(APPEND weights ${target})
endforeach()
add_custom_target(bundled_model ALL DEPENDS ${weights})
