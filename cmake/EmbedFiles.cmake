# fathom_embed_files(TARGET FUNCTION FOLDER)
#
# Puts every file below FOLDER into TARGET's constant data, byte for byte, with a table of their
# names (relative to FOLDER) that `std::span<const fathom::EmbeddedFile> FUNCTION()` returns;
# base/embedded_file.h declares the struct. The assembler reads the files (.incbin), so that their
# size costs the compiler nothing.
function(fathom_embed_files target function folder)
  file(GLOB_RECURSE files RELATIVE ${folder} CONFIGURE_DEPENDS ${folder}/*)
  if(NOT files)
    message(FATAL_ERROR "${folder} holds no files to embed")
  endif()
  string(MAKE_C_IDENTIFIER "${function}" symbol)
  set(data "")
  set(declarations "")
  set(rows "")
  set(paths "")
  set(index 0)
  foreach(file IN LISTS files)
    set(path ${folder}/${file})
    list(APPEND paths ${path})
    set(begin fathom_${symbol}_${index}_begin)
    set(end fathom_${symbol}_${index}_end)
    string(APPEND declarations "extern const char ${begin}[], ${end}[];\n")
    string(APPEND data
           "    \".globl ${begin}, ${end}\\n.hidden ${begin}, ${end}\\n\"\n"
           "    \"${begin}: .incbin \\\"${path}\\\"\\n${end}:\\n\"\n")
    string(APPEND rows "      {\"${file}\", {${begin}, static_cast<size_t>(${end} - ${begin})}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cc)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embedded_files.cc.in ${source} @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE ${source})
endfunction()
