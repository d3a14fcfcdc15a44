// BuildInfo: which program this is.
#pragma once

#include <string_view>

namespace tarsier::host {

struct BuildInfo {
  std::string_view version;
  std::string_view revision;  // of git; "": not built from a repository
  std::string_view compiler;
  std::string_view committed_at;  // "2026-11-29T06:39:10Z", "": of that revision, so it is the same for each who builds it
};
const BuildInfo& build_info() noexcept;

}  // namespace tarsier::host
