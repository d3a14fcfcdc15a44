// URLs as the client takes them: http, https, and unix:///path/to/socket:/path.
#pragma once

#include <string>
#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::net {

struct Url {
  std::string scheme;     // "http", "https", "unix"
  std::string host;       // without brackets; for unix the path of the socket
  std::string port;       // the scheme's default when absent; "" for unix
  std::string user_info;  // "user:password", percent-decoded
  std::string target;     // "/path?query"
  bool default_port = true;

  /// Of the header Host: "example.org", "example.org:8080", "[::1]:9090".
  std::string authority() const;
  /// For messages and as a key: "http://example.org:80".
  std::string origin() const;
};

/// INVALID with what was expected.
Result<Url> parse_url(std::string_view text);
/// What the Location of an answer from `base` means.
Result<Url> resolve_url(const Url& base, std::string_view location);

}  // namespace tarsier::net
