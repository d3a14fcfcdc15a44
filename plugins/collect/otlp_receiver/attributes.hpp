// The messages KeyValue and AnyValue: attributes of resources, scopes and points, their values as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/protobuf_wire/wire_reader.hpp"

namespace tarsier::otlp {

struct Attribute {
  std::string_view key;  // into the message
  std::string value;     // lists and maps as JSON, bytes as base64
};

/// False: malformed, no UTF-8, or nested too deeply.
bool read_attribute(protobuf::Bytes message, std::vector<Attribute>& out);

/// The value of an attribute, or null.
const std::string* find_attribute(const std::vector<Attribute>& attributes, std::string_view key);

}  // namespace tarsier::otlp
