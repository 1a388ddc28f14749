# Boost.Beast by separate compilation, as Asio.
add_library(leat_beast STATIC "${CMAKE_CURRENT_LIST_DIR}/beast/beast.cpp")
target_compile_definitions(leat_beast PUBLIC BOOST_BEAST_SEPARATE_COMPILATION)
target_link_libraries(leat_beast PUBLIC leat_asio)
