// Parsing of URLs, and of redirects relative to them.
#include "plugins/lib/http/url.hpp"

#include "plugins/lib/http/headers.hpp"
#include "plugins/lib/http/target.hpp"

namespace tarsier::net {
namespace {

Error bad(std::string_view text, std::string_view why) {
  return Error::invalid("URL '" + std::string(text) + "': " + std::string(why));
}

/// The target of a request: what follows the authority, without the fragment, with what may not be sent as it is escaped.
std::string target_of(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  text = text.substr(0, text.find('#'));
  std::string out;
  if (text.empty() || text.front() != '/') out += '/';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '^' || c == '`' || c == '{' ||
        c == '|' || c == '}') {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

Result<Url> parse_unix(std::string_view text, std::string_view rest) {
  const size_t colon = rest.find(':');
  Url url;
  url.scheme = "unix";
  url.host = rest.substr(0, colon);
  if (url.host.empty() || url.host.front() != '/') return bad(text, "expected unix:///path/to/socket:/path");
  if (url.host.size() > 107) return bad(text, "the path of a socket has at most 107 bytes");
  url.target = target_of(colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1));
  return url;
}

}  // namespace

std::string Url::authority() const {
  if (scheme == "unix") return "localhost";
  const std::string name = host.find(':') != std::string::npos ? "[" + host + "]" : host;
  return default_port ? name : name + ":" + port;
}

std::string Url::origin() const {
  if (scheme == "unix") return "unix://" + host;
  return scheme + "://" + (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + port;
}

Result<Url> parse_url(std::string_view text) {
  const size_t mark = text.find("://");
  if (mark == std::string_view::npos) return bad(text, "expected http://, https:// or unix:///");
  Url url;
  url.scheme = lower(text.substr(0, mark));
  std::string_view rest = text.substr(mark + 3);
  if (url.scheme == "unix") return parse_unix(text, rest);
  if (url.scheme != "http" && url.scheme != "https") return bad(text, "expected http://, https:// or unix:///");
  const size_t end = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, end);
  url.target = target_of(end == std::string_view::npos ? std::string_view() : rest.substr(end));
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    auto user = percent_decode(authority.substr(0, at));
    if (!user) return bad(text, "malformed user name or password");
    url.user_info = std::move(*user);
    authority.remove_prefix(at + 1);
  }
  auto parts = split_host_port(authority);
  if (!parts || parts->host.empty()) return bad(text, "expected a host name or address, and perhaps a port");
  url.host = lower(parts->host);
  const std::string usual = url.scheme == "https" ? "443" : "80";
  url.default_port = parts->port.empty() || parts->port == usual;
  url.port = parts->port.empty() ? usual : parts->port;
  return url;
}

Result<Url> resolve_url(const Url& base, std::string_view location) {
  if (location.find("://") != std::string_view::npos && location.find("://") < location.find_first_of("/?#") + 1) {
    return parse_url(location);
  }
  if (location.starts_with("//")) return parse_url(base.scheme + ":" + std::string(location));
  Url url = base;
  if (location.starts_with("/")) {
    url.target = target_of(location);
  } else {
    const std::string_view path = std::string_view(base.target).substr(0, base.target.find('?'));
    if (location.starts_with("?")) {
      url.target = target_of(std::string(path) + std::string(location));
    } else {
      url.target = target_of(std::string(path.substr(0, path.rfind('/') + 1)) + std::string(location));
    }
  }
  return url;
}

}  // namespace tarsier::net
