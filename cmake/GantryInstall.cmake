# `cmake --install`: the program with its link exfig and its man page, the layers with their headers, and the package
# `gantry` for find_package: gantry::base, gantry::net and so on.
include(CMakePackageConfigHelpers)

get_property(layers GLOBAL PROPERTY GANTRY_LAYERS)
foreach(layer IN LISTS layers)
  # Public headers show Asio's awaitable types: a program must see them as the library did.
  target_compile_definitions(${layer} INTERFACE
    $<INSTALL_INTERFACE:BOOST_ASIO_NO_DEPRECATED>
    $<INSTALL_INTERFACE:BOOST_ASIO_HAS_CO_AWAIT>
    $<INSTALL_INTERFACE:BOOST_ASIO_HAS_STD_COROUTINE>)
endforeach()

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/gantry)
install(TARGETS ${layers} EXPORT gantry
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT gantry NAMESPACE gantry:: FILE gantry-targets.cmake DESTINATION ${package_folder})

configure_package_config_file(${PROJECT_SOURCE_DIR}/packaging/gantry-config.cmake.in
  ${PROJECT_BINARY_DIR}/gantry-config.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/gantry-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/gantry-config.cmake
  ${PROJECT_BINARY_DIR}/gantry-config-version.cmake DESTINATION ${package_folder})

if(TARGET gantry)
  install(TARGETS gantry RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${PROJECT_SOURCE_DIR}/packaging/gantry.1
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(CODE "file(CREATE_LINK gantry
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/exfig\" SYMBOLIC)")
endif()
