# The compilers that Gantry is built and tested with, and the flags of every target.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "Gantry cannot be built with g++ ${CMAKE_CXX_COMPILER_VERSION}: g++ before 13 miscompiles "
    "coroutines (temporaries in a co_await expression are destroyed twice). "
    "Use clang 16, as the presets do (./dev deps installs it), or g++ 13 and later.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Less than half of the work of a clean build; names in anonymous namespaces of a target must differ. Off
# in the debug preset, which thus shows a source that does not include all that it uses, and in which a
# changed source is compiled alone.
option(GANTRY_UNITY "Compile the sources of a target several at once" OFF)
function(gantry_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${GANTRY_UNITY} UNITY_BUILD_BATCH_SIZE 12)
endfunction()

set(GANTRY_SANITIZE "" CACHE STRING "Sanitizers of all targets, as in -fsanitize=")

add_library(gantry_flags INTERFACE)
target_compile_options(gantry_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wimplicit-fallthrough -Werror)
target_compile_definitions(gantry_flags INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_HAS_STD_COROUTINE)
target_link_options(gantry_flags INTERFACE -Wl,--as-needed)
if(GANTRY_SANITIZE)
  target_compile_definitions(gantry_flags INTERFACE GANTRY_SANITIZED _GLIBCXX_ASSERTIONS)
  target_compile_options(gantry_flags INTERFACE
    -fsanitize=${GANTRY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(gantry_flags INTERFACE -fsanitize=${GANTRY_SANITIZE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  find_program(GANTRY_LLD ld.lld-16)
  if(GANTRY_LLD)
    target_link_options(gantry_flags INTERFACE -fuse-ld=lld-16)
  endif()
endif()
