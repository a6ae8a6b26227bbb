# Installs the build into a fresh prefix, builds the example of the library against it with
# find_package(gantry), and runs both. Needs BUILD_FOLDER, EXAMPLE_FOLDER, WORK_FOLDER, COMPILER,
# SANITIZE, HAS_PROGRAM.
cmake_minimum_required(VERSION 3.25)

function(run_step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}\nended with ${status}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

set(prefix ${WORK_FOLDER}/prefix)
file(REMOVE_RECURSE ${WORK_FOLDER})
run_step(${CMAKE_COMMAND} --install ${BUILD_FOLDER} --prefix ${prefix})

set(flags "")
if(SANITIZE)
  set(flags -DCMAKE_CXX_FLAGS=-fsanitize=${SANITIZE})
endif()
run_step(${CMAKE_COMMAND} -G Ninja -S ${EXAMPLE_FOLDER} -B ${WORK_FOLDER}/build
         -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${COMPILER} ${flags})
run_step(${CMAKE_COMMAND} --build ${WORK_FOLDER}/build)
run_step(${WORK_FOLDER}/build/read_components)
set(answers "")
foreach(round IN ITEMS first second)
  string(APPEND answers
    "${round}: export function button() {}\n"
    "${round}: export function card() {}\n"
    "${round}: no component ghost\n"
    "${round}: export function button() {}\n"
    "${round}: export function dialog() {}\n"
    "4 calls\n")
endforeach()
if(NOT output STREQUAL answers)
  message(FATAL_ERROR "the program printed '${output}'")
endif()

if(HAS_PROGRAM)
  if(NOT EXISTS ${prefix}/share/man/man1/gantry.1)
    message(FATAL_ERROR "the man page is not installed")
  endif()
  run_step(${prefix}/bin/gantry --version)
  set(version "${output}")
  run_step(${prefix}/bin/exfig --version)
  if(NOT output STREQUAL version)
    message(FATAL_ERROR "exfig --version says '${output}', gantry says '${version}'")
  endif()
endif()
