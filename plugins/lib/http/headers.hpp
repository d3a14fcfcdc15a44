// Header fields and the small grammars inside them: token lists, Accept-Encoding, Host, dates. Pure functions over text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tarsier::net {

struct Header {
  std::string name;
  std::string value;
};
using Headers = std::vector<Header>;

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
std::string lower(std::string_view text);
std::string_view trim(std::string_view text) noexcept;

/// The value of the first field of that name (any case), or "".
std::string_view find_header(const Headers& headers, std::string_view name) noexcept;
bool has_header(const Headers& headers, std::string_view name) noexcept;
/// All fields of that name joined with ", ".
std::string joined_header(const Headers& headers, std::string_view name);
/// True when the comma-separated list has the token, ignoring case: "keep-alive, Upgrade" has "upgrade".
bool list_has_token(std::string_view list, std::string_view token) noexcept;
/// A name of RFC 9110 token characters and a value without control characters: nothing that could split an answer.
bool is_valid_field(std::string_view name, std::string_view value) noexcept;

enum class Encoding { identity, gzip, zstd };
std::string_view encoding_name(Encoding encoding) noexcept;
/// What to answer in, by the client's weights; zstd before gzip when equal; identity when neither is acceptable.
Encoding choose_encoding(std::string_view accept_encoding) noexcept;
/// Text, JSON, XML, JavaScript, SVG: types that shrink. Event streams are left alone, because each event must leave at once.
bool is_compressible(std::string_view content_type) noexcept;

struct HostPort {
  std::string host;  // without the brackets of an IPv6 address
  std::string port;  // "" when absent
};
/// "host", "host:port", "[::1]:port"; nothing else.
std::optional<HostPort> split_host_port(std::string_view text);
/// An address literal of IPv4 or IPv6.
bool is_address(std::string_view host);
/// 127.0.0.0/8, ::1, or a name for them: "localhost" and names below it.
bool is_loopback(std::string_view host);

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(int64_t unix_seconds);
std::string_view reason_phrase(uint32_t code) noexcept;

}  // namespace tarsier::net
