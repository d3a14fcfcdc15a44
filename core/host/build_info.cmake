# Writes build_info.cpp and, for the build, a list of what it was made from: cmake -DSOURCE= -DIN= -DOUT= -DDEPFILE= -DVERSION=
# -DCOMPILER= -P build_info.cmake. A file that would say the same is left alone, so that nothing is compiled again.
set(revision "")
set(committed "")
set(made_from "")
if(EXISTS "${SOURCE}/.git") # not that of a folder above, which is of something else
  function(ask_git out)
    execute_process(COMMAND ${CMAKE_COMMAND} -E env TZ=UTC git -C "${SOURCE}" ${ARGN} OUTPUT_VARIABLE text
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(failed)
      set(text "")
    endif()
    set(${out} "${text}" PARENT_SCOPE)
  endfunction()
  ask_git(revision rev-parse HEAD)
  ask_git(committed log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)
  # The log of HEAD grows with each commit and checkout; HEAD itself says only which branch it is.
  foreach(name HEAD logs/HEAD)
    ask_git(path rev-parse --path-format=absolute --git-path ${name})
    if(EXISTS "${path}")
      string(REPLACE " " "\\ " path "${path}")
      string(APPEND made_from " ${path}")
    endif()
  endforeach()
endif()
configure_file("${IN}" "${OUT}" @ONLY)
file(WRITE "${DEPFILE}" "${OUT}:${made_from}\n")
