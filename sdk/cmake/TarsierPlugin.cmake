# tarsier_add_plugin(NAME redis SOURCES ... LINKS ... [HEAVY]): one plugin file, tarsier's own or a third party's.
#
# It exports one symbol and has no unique ones, so that it can really be unloaded; symbols it lacks are link errors; C++ and C sources may
# be mixed. Inside the project the file lands in lib/tarsier/plugins of the build tree.

set(TARSIER_PLUGIN_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

function(tarsier_add_plugin)
  cmake_parse_arguments(ARG "HEAVY" "NAME" "SOURCES;LINKS" ${ARGN})
  if(NOT ARG_NAME OR NOT ARG_SOURCES)
    message(FATAL_ERROR "tarsier_add_plugin: NAME and SOURCES are required")
  endif()
  string(REPLACE "-" "_" target "plugin_${ARG_NAME}")
  add_library(${target} MODULE ${ARG_SOURCES})
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${ARG_NAME} SUFFIX ".so"
    CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${TARSIER_PLUGIN_CMAKE_DIR}/plugin.map
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/tarsier/plugins)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_link_libraries(${target} PRIVATE tarsier::sdk ${ARG_LINKS})
  if(TARGET tarsier_options)
    target_link_libraries(${target} PRIVATE tarsier_options)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
    tarsier_precompile(${target})
    # A new file, never the old one written over: a running host has that one mapped.
    install(CODE "file(REMOVE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/tarsier/plugins/${ARG_NAME}.so\")")
    install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/tarsier/plugins)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>)
  endif()
  target_link_options(${target} PRIVATE -Wl,--version-script=${TARSIER_PLUGIN_CMAKE_DIR}/plugin.map -Wl,-z,now -Wl,--exclude-libs,ALL)
  if(NOT TARSIER_SANITIZE AND NOT TARSIER_FUZZ) # the sanitizers' runtime is resolved from the host program
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  if(TARSIER_TESTS AND CMAKE_CURRENT_SOURCE_DIR MATCHES "^${PROJECT_SOURCE_DIR}/plugins/")
    add_test(NAME contract.${ARG_NAME} COMMAND tarsier plugins verify $<TARGET_FILE:${target}>)
    # Leaks are looked for in the unit tests: libre2 keeps three small objects for good, which look lost once it is unloaded.
    set_tests_properties(contract.${ARG_NAME} PROPERTIES LABELS "abi" TIMEOUT 60 ENVIRONMENT "ASAN_OPTIONS=detect_leaks=0")
  endif()
  if(ARG_HEAVY)
    set_property(TARGET ${target} PROPERTY JOB_POOL_COMPILE heavy)
  endif()
endfunction()
