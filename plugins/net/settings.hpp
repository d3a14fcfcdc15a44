// The configuration of net as it uses it: built-in entrypoints, with what the file says laid over them by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/lib/http/client.hpp"
#include "plugins/lib/http/server.hpp"
#include "plugins/lib/http/tls.hpp"
#include "tarsier/config.hpp"

namespace tarsier::net {

struct EntrypointSettings {
  std::string name;
  std::string address;
  bool enabled = true;
  bool optional = false;          // nobody has asked for it: an address that is taken is only warned of
  std::string root;               // the API at "/"
  std::vector<std::string> apis;  // those under "/<api>"; "*": all
  std::optional<TlsServerOptions> tls;
  ServerLimits limits;
  bool operator==(const EntrypointSettings&) const = default;
};

struct AccessPolicy {
  bool allow_remote = false;
  std::vector<std::string> allowed_hosts;  // names that Host may have besides addresses and localhost
  std::vector<std::string> cors_origins;   // "*": any
  bool operator==(const AccessPolicy&) const = default;
};

struct NetSettings {
  std::vector<EntrypointSettings> entrypoints;  // the enabled ones
  AccessPolicy access;
  std::string access_log;  // "", "log" or a file
  unsigned threads = 1;
  ClientLimits client;
};

/// INVALID with the place in the file; also for certificates that do not load, and for addresses that may not be listened on.
Result<NetSettings> read_settings(const Config& config);

}  // namespace tarsier::net
