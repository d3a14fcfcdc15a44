// Header fields: lookups, token lists, content negotiation, Host and dates.
#include "plugins/lib/http/headers.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace tarsier::net {
namespace {

char lower_char(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_token_char(char c) noexcept {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Cuts the first element off a comma-separated list.
std::string_view next_element(std::string_view& list) noexcept {
  const size_t comma = list.find(',');
  const std::string_view element = list.substr(0, comma);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return trim(element);
}

/// The weight of "gzip;q=0.5" in thousandths; a malformed one counts as 0, so that nothing is sent that was not asked for.
int weight_of(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const size_t semicolon = parameters.find(';');
    const std::string_view parameter = trim(parameters.substr(0, semicolon));
    parameters = semicolon == std::string_view::npos ? std::string_view() : parameters.substr(semicolon + 1);
    if (parameter.size() < 2 || lower_char(parameter[0]) != 'q' || parameter[1] != '=') continue;
    double weight = 0;
    const std::string_view number = parameter.substr(2);
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), weight, std::chars_format::fixed);
    if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size() || !(weight >= 0) || weight > 1) return 0;
    return static_cast<int>(weight * 1000);
  }
  return 1000;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower_char(x) == lower_char(y); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower_char);
  return out;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view find_header(const Headers& headers, std::string_view name) noexcept {
  for (const Header& header : headers) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

bool has_header(const Headers& headers, std::string_view name) noexcept {
  return std::any_of(headers.begin(), headers.end(), [&](const Header& header) { return equal_ignoring_case(header.name, name); });
}

std::string joined_header(const Headers& headers, std::string_view name) {
  std::string out;
  for (const Header& header : headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    if (!out.empty()) out += ", ";
    out += header.value;
  }
  return out;
}

bool list_has_token(std::string_view list, std::string_view token) noexcept {
  while (!list.empty()) {
    if (equal_ignoring_case(next_element(list), token)) return true;
  }
  return false;
}

bool is_valid_field(std::string_view name, std::string_view value) noexcept {
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_char)) return false;
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

std::string_view encoding_name(Encoding encoding) noexcept {
  switch (encoding) {
    case Encoding::gzip:
      return "gzip";
    case Encoding::zstd:
      return "zstd";
    case Encoding::identity:
      break;
  }
  return "identity";
}

Encoding choose_encoding(std::string_view accept_encoding) noexcept {
  int gzip = -1;
  int zstd = -1;
  int any = 0;
  while (!accept_encoding.empty()) {
    const std::string_view element = next_element(accept_encoding);
    const size_t semicolon = element.find(';');
    const std::string_view name = trim(element.substr(0, semicolon));
    const int weight = semicolon == std::string_view::npos ? 1000 : weight_of(element.substr(semicolon + 1));
    if (equal_ignoring_case(name, "gzip") || equal_ignoring_case(name, "x-gzip")) gzip = weight;
    if (equal_ignoring_case(name, "zstd")) zstd = weight;
    if (name == "*") any = weight;
  }
  if (gzip < 0) gzip = any;
  if (zstd < 0) zstd = any;
  if (zstd > 0 && zstd >= gzip) return Encoding::zstd;
  return gzip > 0 ? Encoding::gzip : Encoding::identity;
}

bool is_compressible(std::string_view content_type) noexcept {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (equal_ignoring_case(type, "text/event-stream")) return false;
  if (type.size() > 5 && equal_ignoring_case(type.substr(0, 5), "text/")) return true;
  static constexpr std::array<std::string_view, 8> kTypes = {
      "application/json", "application/javascript",    "application/xml", "application/x-ndjson", "application/openmetrics-text",
      "image/svg+xml",    "application/manifest+json", "application/yaml"};
  return std::any_of(kTypes.begin(), kTypes.end(), [&](std::string_view each) { return equal_ignoring_case(type, each); });
}

std::optional<HostPort> split_host_port(std::string_view text) {
  HostPort out;
  std::string_view rest;
  if (!text.empty() && text.front() == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, close - 1);
    if (!is_address(out.host)) return std::nullopt;
    rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
  } else {
    const size_t colon = text.find(':');
    out.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    for (const char c : out.host) {
      const bool plain =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
      if (!plain) return std::nullopt;
    }
  }
  if (!rest.empty()) {
    out.port = rest.substr(1);
    unsigned port = 0;
    const auto parsed = std::from_chars(out.port.data(), out.port.data() + out.port.size(), port);
    if (out.port.empty() || parsed.ec != std::errc() || parsed.ptr != out.port.data() + out.port.size() || port > 65535)
      return std::nullopt;
  }
  return out;
}

bool is_address(std::string_view host) {
  const std::string text(host.substr(0, host.find('%')));
  std::array<unsigned char, 16> address{};
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 || inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

bool is_loopback(std::string_view host) {
  const std::string text(host);
  std::array<unsigned char, 16> address{};
  if (inet_pton(AF_INET, text.c_str(), address.data()) == 1) return address[0] == 127;
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) {
    const bool mapped = std::all_of(address.begin(), address.begin() + 10, [](unsigned char b) { return b == 0; }) &&
                        address[10] == 0xff && address[11] == 0xff;
    if (mapped) return address[12] == 127;
    return std::all_of(address.begin(), address.end() - 1, [](unsigned char b) { return b == 0; }) && address[15] == 1;
  }
  const std::string name = lower(text);
  return name == "localhost" || (name.size() > 10 && name.ends_with(".localhost"));
}

std::string http_date(int64_t unix_seconds) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = unix_seconds;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[static_cast<size_t>(parts.tm_wday)], parts.tm_mday,
      kMonths[static_cast<size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return std::string(text.data(), static_cast<size_t>(size));
}

std::string_view reason_phrase(uint32_t code) noexcept {
  switch (code) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return code < 300 ? "OK" : code < 400 ? "Redirect" : "Error";
  }
}

}  // namespace tarsier::net
