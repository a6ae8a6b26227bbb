# gantry_layer(net SOURCES a.cpp HEADERS a.hpp DEPS async LIBS CURL::libcurl TESTS a_test.cpp)
#
# A layer is a folder of src/gantry/, a static library gantry_<name> (alias gantry::<name>) and,
# when tests are built, one test program <name>_test. DEPS are the layers that it may include:
# nothing else is on its link line, and ./dev lint checks the includes against it.
function(gantry_layer name)
  cmake_parse_arguments(LAYER "" "" "SOURCES;HEADERS;DEPS;LIBS;PRIVATE_LIBS;TESTS" ${ARGN})
  set(target gantry_${name})
  add_library(${target} STATIC ${LAYER_SOURCES})
  add_library(gantry::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} LINKER_LANGUAGE CXX)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src
                 FILES ${LAYER_HEADERS})
  target_compile_features(${target} PUBLIC cxx_std_23)
  list(TRANSFORM LAYER_DEPS PREPEND gantry_ OUTPUT_VARIABLE deps)
  target_link_libraries(${target} PUBLIC ${deps} ${LAYER_LIBS}
                        PRIVATE $<BUILD_INTERFACE:gantry_flags> ${LAYER_PRIVATE_LIBS})
  gantry_unity(${target})
  set_property(GLOBAL APPEND PROPERTY GANTRY_LAYERS ${target})
  get_property(on_asio GLOBAL PROPERTY GANTRY_LAYERS_ON_ASIO)
  foreach(layer IN LISTS LAYER_DEPS ITEMS ${name})
    if(layer STREQUAL "async" OR layer IN_LIST on_asio)
      gantry_precompile(${target} gantry_async)
      set_property(GLOBAL APPEND PROPERTY GANTRY_LAYERS_ON_ASIO ${name})
      break()
    endif()
  endforeach()
  if(GANTRY_BUILD_TESTS AND LAYER_TESTS)
    gantry_test(${name}_test SOURCES ${LAYER_TESTS} LIBS ${target})
  endif()
endfunction()

# gantry_test(name SOURCES a_test.cpp LIBS gantry_net) adds a GoogleTest program to ctest. The timeout is
# for what hangs: the first test that needs packages of npm waits until they are installed.
function(gantry_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${TEST_LIBS} gantry_flags GTest::gmock GTest::gtest_main)
  gantry_precompile(${name} gantry_test_headers)
  gantry_unity(${name})
  include(GoogleTest)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 900 LABELS "${TEST_LABELS}")
endfunction()
