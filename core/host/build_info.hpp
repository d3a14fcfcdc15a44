// BuildInfo: which program this is.
#pragma once

#include <string_view>

namespace tarsier::host {

struct BuildInfo {
  std::string_view version, revision, compiler, built;
};
const BuildInfo& build_info() noexcept;

}  // namespace tarsier::host
