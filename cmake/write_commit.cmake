# Writes OUTPUT, the source that defines kBuildCommit, when what it would hold has changed.
#   cmake -DSOURCE=the source tree -DOUTPUT=file -P write_commit.cmake
#
# Git may not look above the source tree: one that was unpacked inside another repository has no
# commit. And it shall not mind whose tree it is: `sudo make install` builds in the user's.
cmake_minimum_required(VERSION 3.25)
get_filename_component(above ${SOURCE} DIRECTORY)
set(commit unknown)
find_program(GIT git)
if(GIT)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env GIT_CEILING_DIRECTORIES=${above}
            ${GIT} -C ${SOURCE} -c safe.directory=* describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(commit ${described})
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[#include "build_commit.h"

namespace fathom {

const char kBuildCommit[] = "@commit@";

}  // namespace fathom
]])
