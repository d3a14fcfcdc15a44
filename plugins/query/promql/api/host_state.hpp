// What the host says of itself, for the paths that pass it on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tarsier/host.hpp"

namespace tarsier::promql {

/// The whole text of one of the calls of tarsier_control that write.
std::string told_by(const Host& host, void (*write)(const tarsier_host*, tarsier_sink));

/// The text that stands for `key` below the header `[table]` of a document as config_toml writes it; none: it is not there.
std::optional<std::string> config_text(std::string_view document, std::string_view table, std::string_view key);

struct HostState {
  std::string started_at, config_file, config_loaded_at;
  std::string revision, built_at;  // of what runs; "": not known
  std::optional<bool> config_ok;   // an older host does not say

  static Result<HostState> of(const Host& host);
};

/// "20261129-06:39:10" of "2026-11-29T06:39:10Z", as the original writes the date of its build.
std::string build_date(std::string_view rfc3339);

}  // namespace tarsier::promql
