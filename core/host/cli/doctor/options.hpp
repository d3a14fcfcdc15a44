// What the doctor's commands have in common: their options, and which host they ask.
#pragma once

#include <string>

#include "core/host/cli/command.hpp"
#include "core/host/cli/doctor/running_host.hpp"
#include "core/host/desired.hpp"

namespace tarsier::host::cli {

inline constexpr OptionSpec kUrlOption = {"--url", "", "URL", "the host to ask (default: the web entrypoint of the configuration)"};
inline constexpr OptionSpec kConfigOption = {"--config", "-c", "FILE",
                                             "the configuration (default: config/tarsier.toml, then /etc/tarsier/tarsier.toml)"};
inline constexpr OptionSpec kPluginDirOption = {"--plugin-dir", "", "DIR",
                                                "a directory of plugins, searched before the configured ones", true};
inline constexpr OptionSpec kSetOption = {"--set", "", "KEY=VALUE", "overrides one key of the configuration", true};
inline constexpr OptionSpec kJsonOption = {"--json", "", "", "for scripts"};

/// Every address that the configuration has its HTTP server listen on, by the name of the entrypoint; those that it does not name
/// are the documented ones (docs/reference/http.md).
struct EntrypointAddress {
  std::string name;
  std::string address;
  bool tls = false;
};
std::vector<EntrypointAddress> entrypoints_of(const Desired& desired);

/// From --url, else from the configuration.
Result<RunningHost> host_of(const Arguments& arguments);
/// The same, where the configuration has been read.
Result<std::string> url_of(const Desired& desired);

}  // namespace tarsier::host::cli
