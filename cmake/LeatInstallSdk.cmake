# Installs the SDK as a CMake package: find_package(leat) gives leat::client. Component "sdk": nothing else is needed for it.
include(CMakePackageConfigHelpers)
set(leat_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/leat")

set_target_properties(leat_client PROPERTIES EXPORT_NAME client)
set_target_properties(leat_protocol PROPERTIES EXPORT_NAME protocol)
set_target_properties(leat_asio PROPERTIES EXPORT_NAME asio)
set_target_properties(leat_beast PROPERTIES EXPORT_NAME beast)
# The public headers include some of protocol/, by the name they have in this repository.
target_include_directories(leat_protocol INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/leat/internal>")
target_include_directories(leat_client INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_compile_features(leat_client INTERFACE cxx_std_20)

install(TARGETS leat_client leat_protocol leat_asio leat_beast EXPORT leatTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT sdk)
install(EXPORT leatTargets NAMESPACE leat:: DESTINATION "${leat_package_dir}" COMPONENT sdk)
install(DIRECTORY "${CMAKE_SOURCE_DIR}/client/include/leat" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT sdk)
foreach(header
    base/bytes.hpp base/error.hpp base/ids.hpp base/result.hpp base/uuid.hpp native/messages.hpp
    record/format.hpp record/record_view.hpp record/varint.hpp)
  get_filename_component(room "${header}" DIRECTORY)
  install(FILES "${CMAKE_SOURCE_DIR}/protocol/${header}"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/leat/internal/protocol/${room}" COMPONENT sdk)
endforeach()

configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/leatConfig.cmake.in" "${CMAKE_BINARY_DIR}/leatConfig.cmake"
  INSTALL_DESTINATION "${leat_package_dir}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/leatConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/leatConfig.cmake" "${CMAKE_BINARY_DIR}/leatConfigVersion.cmake"
  DESTINATION "${leat_package_dir}" COMPONENT sdk)
