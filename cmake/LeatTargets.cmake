# The arrows between the top-level folders, kept by the build: a target sees the headers of a folder only when it links that
# folder's library. Each library's include path is a directory that holds nothing but a link to its own folder.
function(leat_own_headers target folder)
  set(arrow_dir "${CMAKE_BINARY_DIR}/arrows/${folder}")
  file(MAKE_DIRECTORY "${arrow_dir}")
  file(CREATE_LINK "${CMAKE_SOURCE_DIR}/${folder}" "${arrow_dir}/${folder}" SYMBOLIC)
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${arrow_dir}>")
endfunction()

# leat_test(NAME SOURCES file... LIBS target...): one GoogleTest program, its cases known to ctest by their names.
function(leat_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} leat_test_main)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
