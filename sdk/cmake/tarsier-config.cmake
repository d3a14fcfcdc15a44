# find_package(tarsier): the target tarsier::sdk and tarsier_add_plugin(), from an installed prefix or from a source tree.
# sdk/cmake, <prefix>/lib/cmake/tarsier, <prefix>/lib/<triplet>/cmake/tarsier
foreach(up .. ../../.. ../../../..)
  get_filename_component(tarsier_prefix "${CMAKE_CURRENT_LIST_DIR}/${up}" ABSOLUTE)
  if(EXISTS "${tarsier_prefix}/include/tarsier/abi.h")
    break()
  endif()
endforeach()
if(NOT EXISTS "${tarsier_prefix}/include/tarsier/abi.h")
  set(tarsier_FOUND FALSE)
  set(tarsier_NOT_FOUND_MESSAGE "tarsier/abi.h was not found above ${CMAKE_CURRENT_LIST_DIR}")
  return()
endif()
if(NOT TARGET tarsier::sdk)
  add_library(tarsier::sdk INTERFACE IMPORTED)
  set_target_properties(tarsier::sdk PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${tarsier_prefix}/include"
                        INTERFACE_COMPILE_FEATURES cxx_std_20)
endif()
include("${CMAKE_CURRENT_LIST_DIR}/TarsierPlugin.cmake")
