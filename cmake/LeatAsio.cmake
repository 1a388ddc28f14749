# Boost.Asio by separate compilation: the definition makes its headers declarations only, this library holds the rest. Server and
# client both link it, and it is installed with the SDK, whose users need the same definition.
add_library(leat_asio STATIC "${CMAKE_CURRENT_LIST_DIR}/asio/asio.cpp")
target_compile_definitions(leat_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION)
target_link_libraries(leat_asio PUBLIC Boost::headers Threads::Threads)
if(LEAT_SANITIZE MATCHES "thread")
  # ThreadSanitizer knows no fences, and GCC refuses each. Asio has locks as well wherever handlers cross threads, and without
  # std::atomic its reference counts are those of Boost, whose decrement orders by itself.
  target_compile_definitions(leat_asio PUBLIC BOOST_ASIO_DISABLE_FENCED_BLOCK BOOST_ASIO_DISABLE_STD_ATOMIC)
endif()
