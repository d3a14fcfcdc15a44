#include "plugins/collect/otlp_receiver/json_request.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <string>

#include <boost/json.hpp>

#include "plugins/lib/protobuf_wire/wire_writer.hpp"

namespace tarsier::otlp {
namespace {

namespace bj = boost::json;
using protobuf::WireWriter;

constexpr size_t kMaxDepth = 160;  // of braces and brackets: each level of a nested attribute is worth four

/// How a field is written in JSON and on the wire.
enum class Form : uint8_t { text, base64, hex, boolean, number, fixed, sfixed, varint, zigzag, temporality, message };

struct Message;
struct FieldForm {
  std::string_view name;
  uint32_t number;
  Form form;
  const Message* (*message)() = nullptr;
  bool repeated = false;
};
struct Message {
  std::span<const FieldForm> fields;
};

// The messages of opentelemetry/proto/metrics/v1, common/v1 and resource/v1, as far as they become samples.
template <const auto& Fields>
const Message* made_of() {
  static constexpr Message message{Fields};
  return &message;
}
const Message* any_value();
const Message* key_value();

constexpr std::array kKeyValue = {FieldForm{"key", 1, Form::text}, FieldForm{"value", 2, Form::message, any_value}};
constexpr std::array kArrayValue = {FieldForm{"values", 1, Form::message, any_value, true}};
constexpr std::array kKvList = {FieldForm{"values", 1, Form::message, key_value, true}};
constexpr std::array<FieldForm, 7> kAnyValueFields = {FieldForm{"stringValue", 1, Form::text},
                                                      FieldForm{"boolValue", 2, Form::boolean},
                                                      FieldForm{"intValue", 3, Form::varint},
                                                      FieldForm{"doubleValue", 4, Form::number},
                                                      FieldForm{"arrayValue", 5, Form::message, made_of<kArrayValue>},
                                                      FieldForm{"kvlistValue", 6, Form::message, made_of<kKvList>},
                                                      FieldForm{"bytesValue", 7, Form::base64}};
const Message* any_value() { return made_of<kAnyValueFields>(); }
const Message* key_value() { return made_of<kKeyValue>(); }

constexpr std::array kExemplar = {
    FieldForm{"timeUnixNano", 2, Form::fixed}, FieldForm{"asDouble", 3, Form::number},
    FieldForm{"spanId", 4, Form::hex},         FieldForm{"traceId", 5, Form::hex},
    FieldForm{"asInt", 6, Form::sfixed},       FieldForm{"filteredAttributes", 7, Form::message, key_value, true}};
constexpr std::array kNumberPoint = {FieldForm{"startTimeUnixNano", 2, Form::fixed},
                                     FieldForm{"timeUnixNano", 3, Form::fixed},
                                     FieldForm{"asDouble", 4, Form::number},
                                     FieldForm{"exemplars", 5, Form::message, made_of<kExemplar>, true},
                                     FieldForm{"asInt", 6, Form::sfixed},
                                     FieldForm{"attributes", 7, Form::message, key_value, true},
                                     FieldForm{"flags", 8, Form::varint}};
constexpr std::array kHistogramPoint = {FieldForm{"startTimeUnixNano", 2, Form::fixed},
                                        FieldForm{"timeUnixNano", 3, Form::fixed},
                                        FieldForm{"count", 4, Form::fixed},
                                        FieldForm{"sum", 5, Form::number},
                                        FieldForm{"bucketCounts", 6, Form::fixed, nullptr, true},
                                        FieldForm{"explicitBounds", 7, Form::number, nullptr, true},
                                        FieldForm{"exemplars", 8, Form::message, made_of<kExemplar>, true},
                                        FieldForm{"attributes", 9, Form::message, key_value, true},
                                        FieldForm{"flags", 10, Form::varint}};
constexpr std::array kBuckets = {FieldForm{"offset", 1, Form::zigzag}, FieldForm{"bucketCounts", 2, Form::varint, nullptr, true}};
constexpr std::array kExponentialPoint = {FieldForm{"attributes", 1, Form::message, key_value, true},
                                          FieldForm{"startTimeUnixNano", 2, Form::fixed},
                                          FieldForm{"timeUnixNano", 3, Form::fixed},
                                          FieldForm{"count", 4, Form::fixed},
                                          FieldForm{"sum", 5, Form::number},
                                          FieldForm{"scale", 6, Form::zigzag},
                                          FieldForm{"zeroCount", 7, Form::fixed},
                                          FieldForm{"positive", 8, Form::message, made_of<kBuckets>},
                                          FieldForm{"negative", 9, Form::message, made_of<kBuckets>},
                                          FieldForm{"flags", 10, Form::varint},
                                          FieldForm{"exemplars", 11, Form::message, made_of<kExemplar>, true},
                                          FieldForm{"zeroThreshold", 14, Form::number}};
constexpr std::array kQuantile = {FieldForm{"quantile", 1, Form::number}, FieldForm{"value", 2, Form::number}};
constexpr std::array kSummaryPoint = {FieldForm{"startTimeUnixNano", 2, Form::fixed},
                                      FieldForm{"timeUnixNano", 3, Form::fixed},
                                      FieldForm{"count", 4, Form::fixed},
                                      FieldForm{"sum", 5, Form::number},
                                      FieldForm{"quantileValues", 6, Form::message, made_of<kQuantile>, true},
                                      FieldForm{"attributes", 7, Form::message, key_value, true},
                                      FieldForm{"flags", 8, Form::varint}};

constexpr FieldForm kTemporality{"aggregationTemporality", 2, Form::temporality};
constexpr std::array kGauge = {FieldForm{"dataPoints", 1, Form::message, made_of<kNumberPoint>, true}};
constexpr std::array kSum = {FieldForm{"dataPoints", 1, Form::message, made_of<kNumberPoint>, true}, kTemporality,
                             FieldForm{"isMonotonic", 3, Form::boolean}};
constexpr std::array kHistogram = {FieldForm{"dataPoints", 1, Form::message, made_of<kHistogramPoint>, true}, kTemporality};
constexpr std::array kExponential = {FieldForm{"dataPoints", 1, Form::message, made_of<kExponentialPoint>, true}, kTemporality};
constexpr std::array kSummary = {FieldForm{"dataPoints", 1, Form::message, made_of<kSummaryPoint>, true}};
constexpr std::array kMetric = {FieldForm{"name", 1, Form::text},
                                FieldForm{"description", 2, Form::text},
                                FieldForm{"unit", 3, Form::text},
                                FieldForm{"gauge", 5, Form::message, made_of<kGauge>},
                                FieldForm{"sum", 7, Form::message, made_of<kSum>},
                                FieldForm{"histogram", 9, Form::message, made_of<kHistogram>},
                                FieldForm{"exponentialHistogram", 10, Form::message, made_of<kExponential>},
                                FieldForm{"summary", 11, Form::message, made_of<kSummary>}};
constexpr std::array kScope = {FieldForm{"name", 1, Form::text}, FieldForm{"version", 2, Form::text},
                               FieldForm{"attributes", 3, Form::message, key_value, true}};
constexpr std::array kScopeMetrics = {FieldForm{"scope", 1, Form::message, made_of<kScope>},
                                      FieldForm{"metrics", 2, Form::message, made_of<kMetric>, true},
                                      FieldForm{"schemaUrl", 3, Form::text}};
constexpr std::array kResource = {FieldForm{"attributes", 1, Form::message, key_value, true}};
constexpr std::array kResourceMetrics = {FieldForm{"resource", 1, Form::message, made_of<kResource>},
                                         FieldForm{"scopeMetrics", 2, Form::message, made_of<kScopeMetrics>, true},
                                         FieldForm{"schemaUrl", 3, Form::text}};
constexpr std::array kRequest = {FieldForm{"resourceMetrics", 1, Form::message, made_of<kResourceMetrics>, true}};

/// "time_unix_nano" is "timeUnixNano".
bool same_name(std::string_view written, std::string_view name) {
  size_t at = 0;
  for (size_t i = 0; i < written.size(); ++i, ++at) {
    char c = written[i];
    if (c == '_' && i + 1 < written.size() && written[i + 1] >= 'a' && written[i + 1] <= 'z')
      c = static_cast<char>(written[++i] - 'a' + 'A');
    if (at >= name.size() || name[at] != c) return false;
  }
  return at == name.size();
}

std::string_view text_of(const bj::string& text) { return {text.data(), text.size()}; }

template <class Int>
std::optional<Int> integer_of(const bj::value& value) {
  if (value.is_string()) {  // integers of 64 bits are written as text
    Int out{};
    const std::string_view text = text_of(value.get_string());
    const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
    return out;
  }
  boost::system::error_code wrong;
  const Int out = value.to_number<Int>(wrong);
  return wrong ? std::optional<Int>() : out;
}

std::optional<double> double_of(const bj::value& value) {
  if (!value.is_string()) {
    boost::system::error_code wrong;
    const double out = value.to_number<double>(wrong);
    return wrong ? std::optional<double>() : out;
  }
  const std::string_view text = text_of(value.get_string());
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double out = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<std::string> hex_of(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < text.size(); i += 2) {
    uint8_t byte = 0;
    const auto end = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (end.ec != std::errc() || end.ptr != text.data() + i + 2) return std::nullopt;
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

/// In the usual or the URL's alphabet, with or without padding.
std::optional<std::string> base64_of(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string out;
  uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    uint32_t digit = 0;
    if (c >= 'A' && c <= 'Z') {
      digit = static_cast<uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      digit = static_cast<uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      digit = static_cast<uint32_t>(c - '0') + 52;
    } else if (c == '+' || c == '-') {
      digit = 62;
    } else if (c == '/' || c == '_') {
      digit = 63;
    } else {
      return std::nullopt;
    }
    bits = bits << 6U | digit;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(bits >> held & 0xffU));
  }
  return out;
}

std::optional<uint64_t> temporality_of(const bj::value& value) {
  if (!value.is_string()) return integer_of<uint64_t>(value);
  const std::string_view text = text_of(value.get_string());
  if (text == "AGGREGATION_TEMPORALITY_UNSPECIFIED") return 0;
  if (text == "AGGREGATION_TEMPORALITY_DELTA") return 1;
  if (text == "AGGREGATION_TEMPORALITY_CUMULATIVE") return 2;
  return integer_of<uint64_t>(value);
}

/// Writes one value; false when it is not of the field's type.
bool write_scalar(const FieldForm& field, const bj::value& value, WireWriter& out) {
  const auto write_bits = [&](uint64_t bits) {
    out.float64(field.number, std::bit_cast<double>(bits));
  };  // eight bytes as they are
  const std::string_view text = value.is_string() ? text_of(value.get_string()) : std::string_view();
  switch (field.form) {
    case Form::text:
      if (value.is_string()) out.text(field.number, text);
      return value.is_string();
    case Form::hex:
    case Form::base64: {
      const auto bytes = field.form == Form::hex ? hex_of(text) : base64_of(text);
      if (bytes && value.is_string()) out.text(field.number, *bytes);
      return bytes && value.is_string();
    }
    case Form::boolean:
      if (value.is_bool()) out.varint(field.number, value.get_bool() ? 1 : 0);
      return value.is_bool();
    case Form::number: {
      const auto number = double_of(value);
      if (number) out.float64(field.number, *number);
      return number.has_value();
    }
    case Form::fixed: {
      const auto number = integer_of<uint64_t>(value);
      if (number) write_bits(*number);
      return number.has_value();
    }
    case Form::sfixed: {
      const auto number = integer_of<int64_t>(value);
      if (number) write_bits(static_cast<uint64_t>(*number));
      return number.has_value();
    }
    case Form::varint: {  // of either sign: what is negative has ten bytes
      const auto number = integer_of<int64_t>(value);
      const auto large = number ? std::optional(static_cast<uint64_t>(*number)) : integer_of<uint64_t>(value);
      if (large) out.varint(field.number, *large);
      return large.has_value();
    }
    case Form::zigzag: {
      const auto number = integer_of<int32_t>(value);
      if (number) out.sint(field.number, *number);
      return number.has_value();
    }
    case Form::temporality: {
      const auto number = temporality_of(value);
      if (number) out.varint(field.number, *number);
      return number.has_value();
    }
    case Form::message:
      break;
  }
  return false;
}

std::string_view kind_of(const bj::value& value) {
  switch (value.kind()) {
    case bj::kind::object:
      return "an object";
    case bj::kind::array:
      return "a list";
    case bj::kind::string:
      return "that text";
    case bj::kind::bool_:
      return "a boolean";
    default:
      return "that number";
  }
}

std::string_view wanted_by(Form form) {
  constexpr std::array<std::string_view, 11> kWanted = {
      "text",           "base64",         "hexadecimal digits",        "a boolean",     "a number", "a whole number above zero",
      "a whole number", "a whole number", "a whole number of 32 bits", "a temporality", "an object"};
  return kWanted[static_cast<size_t>(form)];
}

Error wrong(const std::string& path, Form form, const bj::value& value) {
  return Error::invalid(path + " must be " + std::string(wanted_by(form)) + ", not " + std::string(kind_of(value)));
}

Result<void> write_message(const Message& message, const bj::object& object, const std::string& path, WireWriter& out);

Result<void> write_field(const FieldForm& field, const bj::value& value, const std::string& path, WireWriter& out) {
  if (field.form != Form::message) return write_scalar(field, value, out) ? Result<void>() : wrong(path, field.form, value);
  if (!value.is_object()) return wrong(path, field.form, value);
  WireWriter inner;
  if (auto written = write_message(*field.message(), value.get_object(), path, inner); !written) return written;
  out.message(field.number, inner);
  return {};
}

Result<void> write_message(const Message& message, const bj::object& object, const std::string& path, WireWriter& out) {
  for (const auto& [key, value] : object) {
    const std::string_view name(key.data(), key.size());
    const auto field =
        std::find_if(message.fields.begin(), message.fields.end(), [&](const FieldForm& one) { return same_name(name, one.name); });
    if (field == message.fields.end() || value.is_null()) continue;
    const std::string here = path.empty() ? std::string(field->name) : path + "." + std::string(field->name);
    if (!field->repeated) {
      if (auto written = write_field(*field, value, here, out); !written) return written;
      continue;
    }
    if (!value.is_array()) return Error::invalid(here + " must be a list, not " + std::string(kind_of(value)));
    size_t index = 0;
    for (const bj::value& one : value.get_array()) {
      if (auto written = write_field(*field, one, here + "[" + std::to_string(index++) + "]", out); !written) return written;
    }
  }
  return {};
}

}  // namespace

Result<std::vector<uint8_t>> request_from_json(std::string_view json) {
  boost::system::error_code malformed;
  bj::parse_options options;
  options.max_depth = kMaxDepth;
  const bj::value whole = bj::parse({json.data(), json.size()}, malformed, {}, options);
  if (malformed) return Error::invalid("malformed JSON: " + malformed.message());
  if (!whole.is_object()) return Error::invalid("the request must be an object, not " + std::string(kind_of(whole)));
  WireWriter out;
  if (auto written = write_message(*made_of<kRequest>(), whole.get_object(), "", out); !written) return std::move(written).error();
  return out.bytes();
}

}  // namespace tarsier::otlp
