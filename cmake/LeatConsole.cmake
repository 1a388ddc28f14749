# The console page: our own sources and what npm brought for it, gzipped into one C++ file. `./dev setup` runs npm; without what it
# brings the page is left out and the rest is as ever.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

set(LEAT_CONSOLE_MODULES "${CMAKE_SOURCE_DIR}/build/npm/server/console/node_modules" CACHE PATH
  "Where npm installed what server/console/package-lock.json names")

# leat_console(TARGET FILES file...): embeds the files of console/ into the target.
function(leat_console target)
  cmake_parse_arguments(ARG "" "" "FILES" ${ARGN})
  set(vendored
    htm/preact/standalone.module.js=/console/vendor/preact.js
    uplot/dist/uPlot.esm.js=/console/vendor/uplot.js
    uplot/dist/uPlot.min.css=/console/vendor/uplot.css)
  set(embedded "")
  set(sources "")
  foreach(file IN LISTS ARG_FILES)
    set(source "${CMAKE_CURRENT_SOURCE_DIR}/console/${file}")
    set(path "/console/${file}")
    if(file STREQUAL "index.html")
      set(path "/")
    endif()
    list(APPEND sources "${source}")
    list(APPEND embedded "${source}=${path}")
  endforeach()
  set(missing "")
  foreach(file IN LISTS vendored)
    string(REGEX REPLACE "=.*" "" source "${LEAT_CONSOLE_MODULES}/${file}")
    # A glob, so that the next build notices when npm was run, or undone.
    file(GLOB found CONFIGURE_DEPENDS "${source}")
    if(NOT found)
      set(missing "${source}")
    endif()
    list(APPEND sources "${source}")
    list(APPEND embedded "${LEAT_CONSOLE_MODULES}/${file}")
  endforeach()
  if(missing)
    message(WARNING "The console page is left out, as npm has not brought ${missing}: run ./dev setup with a network")
    set(sources "")
    set(embedded "")
  endif()

  set(generator "${CMAKE_SOURCE_DIR}/cmake/console/embed.py")
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/console_files.cpp")
  add_custom_command(OUTPUT "${generated}"
    COMMAND Python3::Interpreter -B "${generator}" "${generated}" ${embedded}
    DEPENDS "${generator}" "${CMAKE_CURRENT_LIST_FILE}" ${sources}
    COMMENT "Embedding the console page" VERBATIM)
  target_sources(${target} PRIVATE "${generated}")
  set_source_files_properties("${generated}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
