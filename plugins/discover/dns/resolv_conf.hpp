// The part of resolv.conf that says whom to ask for which names. A server may have a port, which c-ares' own reading does not know.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::discover_dns {

struct ResolvConf {
  std::vector<std::string> servers;  // "10.0.0.1", "::1", "127.0.0.1:5353", "[::1]:5353"
  std::vector<std::string> search;
  size_t ndots = 1;

  static ResolvConf parse(std::string_view text);
  static Result<ResolvConf> read(const std::string& path);
  /// The names to ask for in place of `name`, in order, each with its final dot: with the search domains, unless it has a dot at
  /// its end.
  std::vector<std::string> candidates(const std::string& name) const;
};

}  // namespace tarsier::discover_dns
