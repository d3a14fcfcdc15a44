# How this project itself is built: warnings, linker, cache, sanitizers, and helpers for its libraries and tests. Plugins by third
# parties need only TarsierPlugin.cmake.

set_property(GLOBAL PROPERTY JOB_POOLS heavy=1)

add_library(tarsier_options INTERFACE)
target_compile_options(tarsier_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(tarsier_options INTERFACE -Wno-restrict) # g++ 12 warns of string concatenation without cause (PR 105651)
  if(TARSIER_PRECOMPILE)
    # So it does of the bounds of strings where <string> is precompiled; developers build without.
    target_compile_options(tarsier_options INTERFACE -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(tarsier_options INTERFACE -Wno-deprecated-declarations) # libstdc++ 12 uses one itself, in <algorithm>
endif()
if(TARSIER_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(tarsier_options INTERFACE -Wno-maybe-uninitialized) # false alarms in the instrumented standard library
endif()
if(TARSIER_WERROR)
  target_compile_options(tarsier_options INTERFACE -Werror)
endif()

find_program(TARSIER_CCACHE ccache)
if(TARSIER_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${TARSIER_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TARSIER_CCACHE})
endif()
find_program(TARSIER_MOLD mold)
if(TARSIER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(TARSIER_SANITIZE)
  add_compile_options(-fsanitize=${TARSIER_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TARSIER_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND TARSIER_SANITIZE MATCHES "undefined")
    # Its check of types opens a pipe, and some tests leave no file to open.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND TARSIER_SANITIZE MATCHES "address" AND NOT TARSIER_FUZZ)
    # The host has its own pthread_create, which calls the next one: that must be the sanitizer's, so it cannot be in the program itself.
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libclang_rt.asan-${CMAKE_SYSTEM_PROCESSOR}.so
                    OUTPUT_VARIABLE runtime OUTPUT_STRIP_TRAILING_WHITESPACE)
    get_filename_component(runtime ${runtime} DIRECTORY)
    add_link_options(-shared-libasan -Wl,-rpath,${runtime})
  endif()
endif()
if(TARSIER_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_package(PkgConfig REQUIRED)

# tarsier_add_library(NAME x SOURCES ... LINKS ... [HEAVY]): a static library of the core or of plugins/lib, linked by others as x.
# HEAVY sources (Beast with TLS: 1 GiB of compiler memory each) are compiled one at a time.
function(tarsier_add_library)
  cmake_parse_arguments(ARG "HEAVY" "NAME" "SOURCES;LINKS" ${ARGN})
  add_library(${ARG_NAME} STATIC ${ARG_SOURCES})
  target_include_directories(${ARG_NAME} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${ARG_NAME} PUBLIC tarsier::sdk ${ARG_LINKS} PRIVATE tarsier_options)
  if(ARG_HEAVY)
    set_property(TARGET ${ARG_NAME} PROPERTY JOB_POOL_COMPILE heavy)
  endif()
  set_target_properties(${ARG_NAME} PROPERTIES CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${ARG_NAME} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>)
  endif()
  tarsier_precompile(${ARG_NAME})
endfunction()

# What is tested is optimised, the tests themselves are less: with sanitizers that halves the time to compile them.
set(tarsier_test_compile_options $<$<CONFIG:Debug>:-O0> $<$<CONFIG:Release>:-O1> -pthread)

# tarsier_precompile(TARGET), tarsier_precompile_googletest(TARGET): the headers of the standard library, a quarter of what a file of ours
# compiles, and GoogleTest's, half of what a short test does, are compiled once for all. Not where ccache has the results of other builds: it
# knows none with a precompiled header. Developers build without, so that a missing #include is seen.
function(tarsier_precompile target)
  if(NOT TARSIER_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET tarsier_standard_library)
    tarsier_add_precompiled(tarsier_standard_library ON
      <algorithm> <array> <atomic> <chrono> <cmath> <condition_variable> <cstring> <deque> <functional> <map> <memory> <mutex> <optional>
      <set> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector>)
    target_compile_options(tarsier_standard_library PRIVATE -pthread $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  endif()
  target_compile_options(${target} PRIVATE -pthread) # all with the same macros, whatever they link
  target_precompile_headers(${target} REUSE_FROM tarsier_standard_library)
endfunction()

function(tarsier_precompile_googletest target)
  if(NOT TARSIER_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET tarsier_googletest)
    tarsier_add_precompiled(tarsier_googletest OFF <gmock/gmock.h> <gtest/gtest.h>)
    target_link_libraries(tarsier_googletest PRIVATE GTest::gmock GTest::gtest)
    target_compile_options(tarsier_googletest PRIVATE ${tarsier_test_compile_options} -fPIE) # as an executable's
  endif()
  target_precompile_headers(${target} REUSE_FROM tarsier_googletest)
endfunction()

function(tarsier_add_precompiled target position_independent)
  set(source ${PROJECT_BINARY_DIR}/${target}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(${target} OBJECT ${source})
  target_link_libraries(${target} PRIVATE tarsier_options)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ${position_independent} CXX_VISIBILITY_PRESET hidden)
  target_precompile_headers(${target} PRIVATE ${ARGN})
endfunction()

# tarsier_add_test(NAME x SOURCES ... LINKS ... [LABELS unit] [TIMEOUT s] [ENVIRONMENT X=y]): a GoogleTest program, one ctest entry for each of its tests.
function(tarsier_add_test)
  if(NOT TARSIER_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "NAME;TIMEOUT;ENVIRONMENT" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_include_directories(${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_LINKS} tarsier::sdk tarsier_options GTest::gmock GTest::gtest GTest::gtest_main)
  set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_compile_options(${ARG_NAME} PRIVATE ${tarsier_test_compile_options})
  tarsier_precompile_googletest(${ARG_NAME})
  gtest_discover_tests(${ARG_NAME} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${ARG_NAME}." PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
                       ENVIRONMENT "${ARG_ENVIRONMENT}")
endfunction()

# tarsier_add_fuzzer(NAME x SOURCES ... LINKS ...): a target with LLVMFuzzerTestOneInput. Under TARSIER_FUZZ it is a libFuzzer program;
# otherwise it is linked with tests/fuzz/driver.cpp, which runs the seeds in tests/fuzz/seeds/x and a fixed number of mutations of them, as
# a ctest entry.
function(tarsier_add_fuzzer)
  if(NOT TARSIER_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;LINKS" ${ARGN})
  add_executable(fuzz_${ARG_NAME} ${ARG_SOURCES})
  target_include_directories(fuzz_${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(fuzz_${ARG_NAME} PRIVATE ${ARG_LINKS} tarsier::sdk tarsier_options)
  set_target_properties(fuzz_${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(TARSIER_FUZZ)
    target_link_options(fuzz_${ARG_NAME} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/driver.cpp)
    add_test(NAME fuzz.${ARG_NAME} COMMAND fuzz_${ARG_NAME} ${PROJECT_SOURCE_DIR}/tests/fuzz/seeds/${ARG_NAME})
    set_tests_properties(fuzz.${ARG_NAME} PROPERTIES LABELS "fuzz" TIMEOUT 300)
  endif()
endfunction()

# tarsier_add_subdirectories(): every folder directly below that has a CMakeLists.txt.
function(tarsier_add_subdirectories)
  file(GLOB lists CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} */CMakeLists.txt)
  list(SORT lists)
  foreach(list IN LISTS lists)
    get_filename_component(folder ${list} DIRECTORY)
    add_subdirectory(${folder})
  endforeach()
endfunction()
