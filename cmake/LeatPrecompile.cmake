# Precompiled headers: what nearly every file includes, parsed once a target. They only save time: every file includes what it
# uses, which the presets "clang" and "lint" check by going without.
option(LEAT_PRECOMPILE "Precompile common headers" ON)

set(LEAT_COMMON_HEADERS
  <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <deque> <filesystem> <functional> <map> <memory> <mutex>
  <optional> <ranges> <span> <string> <thread> <unordered_map> <variant> <vector> <boost/system/result.hpp>)
set(LEAT_ASIO_HEADERS
  <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp> <boost/asio/ip/tcp.hpp> <boost/asio/post.hpp>
  <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp>)
set(LEAT_TARGETS_WITH_ASIO leat_server leat_client)
set(LEAT_PRECOMPILE_SOURCES_MIN 4)

# Every library and program below `directory` that has enough files to be worth it.
function(leat_precompile_below directory)
  get_property(targets DIRECTORY "${directory}" PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    get_target_property(sources ${target} SOURCES)
    list(LENGTH sources count)
    if(NOT type MATCHES "STATIC_LIBRARY|EXECUTABLE" OR count LESS LEAT_PRECOMPILE_SOURCES_MIN)
      continue()
    endif()
    target_precompile_headers(${target} PRIVATE ${LEAT_COMMON_HEADERS})
    get_target_property(libraries ${target} LINK_LIBRARIES)
    if("leat_test_main" IN_LIST libraries)
      target_precompile_headers(${target} PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
    endif()
    if(target IN_LIST LEAT_TARGETS_WITH_ASIO)
      target_precompile_headers(${target} PRIVATE ${LEAT_ASIO_HEADERS})
    endif()
  endforeach()
  get_property(folders DIRECTORY "${directory}" PROPERTY SUBDIRECTORIES)
  foreach(folder IN LISTS folders)
    leat_precompile_below("${folder}")
  endforeach()
endfunction()

if(LEAT_PRECOMPILE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fpch-preprocess)  # lets ccache see through a precompiled header
endif()
