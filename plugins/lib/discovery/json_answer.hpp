// Answers in JSON as targets: fields that may be absent, and values that become labels.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json.hpp>

#include "tarsier/discovery.hpp"

namespace tarsier::discovery {

namespace bj = boost::json;

/// Reads a body by `read`, which may throw what the functions below throw for a value of another type than expected.
template <class Read>
auto parse_answer(std::string_view body, Read&& read) -> Result<decltype(read(bj::value()))> {
  try {
    return read(bj::parse(body));
  } catch (const std::exception& thrown) {
    return Error::invalid("the answer is not of the expected form: " + std::string(thrown.what()));
  }
}

/// nullptr for what is absent or null: programs in Go write null for what they have none of.
inline const bj::value* find(const bj::object& in, std::string_view key) {
  const bj::value* found = in.if_contains(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}
inline std::string text(const bj::object& in, std::string_view key) {
  const bj::value* found = find(in, key);
  return found == nullptr ? std::string() : std::string(std::string_view(found->as_string()));
}
inline const bj::object& table(const bj::object& in, std::string_view key, const bj::object& none) {
  const bj::value* found = find(in, key);
  return found == nullptr ? none : found->as_object();
}

/// A character that is no letter, digit or "_" becomes "_", however many bytes it has.
inline std::string label_name(std::string_view prefix, std::string_view key) {
  std::string name(prefix);
  for (const char c : key) {
    if ((static_cast<unsigned char>(c) & 0xc0U) == 0x80U) continue;  // not the first byte of its character
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    name += plain ? c : '_';
  }
  return name;
}

/// An empty label is none.
inline void add(TargetLabels& labels, std::string name, std::string value) {
  if (!value.empty()) labels.insert_or_assign(std::move(name), std::move(value));
}
inline void add_all(TargetLabels& labels, std::string_view prefix, const bj::object& values) {
  for (const auto& entry : values) {
    if (entry.value().is_null()) continue;
    add(labels, label_name(prefix, entry.key()), std::string(std::string_view(entry.value().as_string())));
  }
}

/// "host:80", "[::1]:80"
inline std::string join_host_port(std::string host, std::string_view port) {
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return host.append(":").append(port);
}

}  // namespace tarsier::discovery
