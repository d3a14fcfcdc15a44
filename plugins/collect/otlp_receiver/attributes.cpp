#include "plugins/collect/otlp_receiver/attributes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "plugins/lib/http/base64.hpp"
#include "plugins/lib/json/json_writer.hpp"
#include "tarsier/utf8.hpp"

namespace tarsier::otlp {
namespace {

using protobuf::Bytes;
using protobuf::Field;
using protobuf::WireReader;
using protobuf::WireType;

constexpr int kMaxDepth = 32;

std::string base64(Bytes bytes) { return net::base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()}); }

/// As JSON has numbers: without an exponent from 1e-6 to 1e21.
std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const double size = std::fabs(value);
  const bool fixed = size == 0 || (size >= 1e-6 && size < 1e21);
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 fixed ? std::chars_format::fixed : std::chars_format::scientific);
  std::string out(text.data(), end.ptr);
  if (const size_t zero = out.find("e-0"); zero != std::string::npos) out.erase(zero + 2, 1);
  return out;
}

bool write_json(Bytes message, int depth, json::Writer& out);

bool write_list(Bytes message, int depth, json::Writer& out) {
  out.begin_array();
  WireReader reader(message);
  for (Field field; reader.next(field);)
    if (field.is(1, WireType::length) && !write_json(field.bytes, depth + 1, out)) return false;
  out.end_array();
  return !reader.failed();
}

bool read_pair(Bytes message, std::string_view& key, Bytes& value) {
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::length)) key = field.text();
    if (field.is(2, WireType::length)) value = field.bytes;
  }
  return !reader.failed() && is_utf8(key);
}

bool write_map(Bytes message, int depth, json::Writer& out) {
  std::map<std::string_view, Bytes> sorted;
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    std::string_view key;
    Bytes value;
    if (!field.is(1, WireType::length)) continue;
    if (!read_pair(field.bytes, key, value)) return false;
    sorted.insert_or_assign(key, value);
  }
  out.begin_object();
  for (const auto& [key, value] : sorted) {
    out.key(key);
    if (!write_json(value, depth + 1, out)) return false;
  }
  out.end_object();
  return !reader.failed();
}

/// A value inside a list or map; of several, which is not allowed, the last.
bool write_json(Bytes message, int depth, json::Writer& out) {
  if (depth > kMaxDepth) return false;
  Field last;
  WireReader reader(message);
  for (Field field; reader.next(field);) last = field;
  if (reader.failed()) return false;
  switch (last.number) {
    case 1:
      return is_utf8(last.text()) && (out.string(last.text()), true);
    case 2:
      return out.boolean(last.value != 0), true;
    case 3:
      return out.integer(last.int64()), true;
    case 4:
      return out.number(last.float64()), true;
    case 5:
      return write_list(last.bytes, depth, out);
    case 6:
      return write_map(last.bytes, depth, out);
    case 7:
      return out.string(base64(last.bytes)), true;
    default:
      return out.null(), true;
  }
}

bool read_value(Bytes message, std::string& out) {
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    const bool length = field.type == WireType::length;
    if (field.number == 1 && length) out = field.text();
    if (field.is(2, WireType::varint)) out = field.value != 0 ? "true" : "false";
    if (field.is(3, WireType::varint)) out = std::to_string(field.int64());
    if (field.is(4, WireType::fixed64)) out = number(field.float64());
    if (field.number == 7 && length) out = base64(field.bytes);
    if ((field.number != 5 && field.number != 6) || !length) continue;
    json::Writer json;
    if (!(field.number == 5 ? write_list(field.bytes, 0, json) : write_map(field.bytes, 0, json))) return false;
    out = json.text();
  }
  return !reader.failed() && is_utf8(out);
}

}  // namespace

bool read_attribute(Bytes message, std::vector<Attribute>& out) {
  Attribute attribute;
  Bytes value;
  if (!read_pair(message, attribute.key, value) || !read_value(value, attribute.value)) return false;
  out.push_back(std::move(attribute));
  return true;
}

const std::string* find_attribute(const std::vector<Attribute>& attributes, std::string_view key) {
  for (const Attribute& attribute : attributes)
    if (attribute.key == key) return &attribute.value;
  return nullptr;
}

}  // namespace tarsier::otlp
