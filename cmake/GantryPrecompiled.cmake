# Asio, GoogleMock and the standard library take 2 s of each source to parse: they are parsed once for
# the layers that know Asio, and once for the test programs, whose code is not position-independent
# in the same way. A source still includes all that it uses; g++ and other builds do without this.
set(gantry_std_headers
  <algorithm> <array> <chrono> <filesystem> <functional> <map> <memory> <mutex> <optional> <random>
  <span> <string> <string_view> <thread> <unordered_map> <utility> <vector>)
set(gantry_asio_headers
  <boost/asio/any_io_executor.hpp> <boost/asio/awaitable.hpp> <boost/asio/cancellation_signal.hpp>
  <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp> <boost/asio/post.hpp>
  <boost/asio/steady_timer.hpp> <boost/asio/this_coro.hpp> <boost/asio/thread_pool.hpp>
  <boost/asio/use_awaitable.hpp> <tl/expected.hpp>)

# gantry_precompile(TARGET OWNER): the headers are compiled with OWNER.
function(gantry_precompile target owner)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    return()
  endif()
  # ccache cannot tell a changed header from a touched one by a time in the product.
  target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  if(target STREQUAL owner)
    target_precompile_headers(${target} PRIVATE ${gantry_std_headers} ${gantry_asio_headers} ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()

# gantry_test_headers owns those of the test programs.
function(gantry_add_test_headers)
  add_library(gantry_test_headers OBJECT ${PROJECT_SOURCE_DIR}/testing/precompiled.cpp)
  target_link_libraries(gantry_test_headers PRIVATE
    gantry_flags Boost::headers Threads::Threads GTest::gmock GTest::gtest_main)
  target_compile_features(gantry_test_headers PRIVATE cxx_std_23)
  # As programs are: -fPIE, not the -fPIC of libraries.
  set_target_properties(gantry_test_headers PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(gantry_test_headers PRIVATE -fPIE)
  gantry_precompile(gantry_test_headers gantry_test_headers <gmock/gmock.h> <gtest/gtest.h>)
endfunction()
