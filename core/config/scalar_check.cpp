#include "core/config/scalar_check.hpp"

#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "core/config/render.hpp"
#include "core/config/toml_reader.hpp"
#include "core/config/units.hpp"

namespace tarsier::config {
namespace {

constexpr size_t kMaxQuoted = 60;

bool has_unit(tarsier_key_type type) noexcept {
  return type == TARSIER_KEY_DURATION || type == TARSIER_KEY_SIZE || type == TARSIER_KEY_RATE;
}

Result<int64_t> parse_unit(tarsier_key_type type, std::string_view text) {
  if (type == TARSIER_KEY_DURATION) return parse_duration(text);
  return type == TARSIER_KEY_SIZE ? parse_size(text) : parse_rate(text);
}

Error mismatch(const Node& node, const tarsier_config_key& key) {
  return Error::invalid("expected " + expected_text(key.type) + ", got " + found_text(node));
}

// ---- ranges and choices ------------------------------------------------------------------------------------------------------

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
  if (done.ec != std::errc() || done.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
  if (done.ec != std::errc() || done.ptr != text.data() + text.size()) return Error::invalid("no integer");
  return value;
}

Result<int64_t> parse_bound(tarsier_key_type type, std::string_view text) {
  return has_unit(type) ? parse_unit(type, text) : parse_integer(text);
}

/// "min..max", either of them possibly empty.
Result<std::pair<std::string_view, std::string_view>> split_range(const char* choices) {
  const std::string_view text(choices);
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) return Error::invalid("choices \"" + std::string(text) + "\" are no range \"min..max\"");
  return std::pair(text.substr(0, dots), text.substr(dots + 2));
}

std::string range_text(std::string_view low, std::string_view high) {
  if (high.empty()) return "at least " + std::string(low);
  if (low.empty()) return "at most " + std::string(high);
  return "between " + std::string(low) + " and " + std::string(high);
}

Result<bool> in_range(const Node& node, tarsier_key_type type, std::string_view low, std::string_view high) {
  if (type == TARSIER_KEY_FLOAT) {
    const auto from = parse_number(low), to = parse_number(high);
    if ((!from && !low.empty()) || (!to && !high.empty())) return Error::invalid("a bound of the range is no number");
    return (!from || node.number >= *from) && (!to || node.number <= *to);
  }
  bool inside = true;
  if (!low.empty()) {
    auto bound = parse_bound(type, low);
    if (!bound) return std::move(bound).error();
    inside = node.integer >= *bound;
  }
  if (!high.empty()) {
    auto bound = parse_bound(type, high);
    if (!bound) return std::move(bound).error();
    inside = inside && node.integer <= *bound;
  }
  return inside;
}

bool is_choice(std::string_view choices, std::string_view value) {
  while (true) {
    const size_t bar = choices.find('|');
    if (choices.substr(0, bar) == value) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
}

std::string choices_text(std::string_view choices) {
  std::string out = "one of \"";
  for (const char c : choices) out += c == '|' ? std::string("\", \"") : std::string(1, c);
  return out + "\"";
}

// "@tarsier.notifier/1": the choices are the instances that offer it.
std::string_view service_of(const tarsier_config_key& key) {
  const std::string_view choices = key.choices == nullptr || key.type != TARSIER_KEY_STRING ? "" : key.choices;
  return choices.starts_with('@') ? choices.substr(1) : std::string_view();
}

Result<void> check_choices(const Node& node, const tarsier_config_key& key) {
  if (key.choices == nullptr) return {};
  if (key.type == TARSIER_KEY_STRING) {
    if (!service_of(key).empty()) return {};  // which instances there are is not known yet: check_references
    if (is_choice(key.choices, node.text)) return {};
    return Error::invalid("expected " + choices_text(key.choices) + ", got " + found_text(node));
  }
  auto range = split_range(key.choices);
  if (!range) return std::move(range).error();
  auto inside = in_range(node, key.type, range->first, range->second);
  if (!inside) return std::move(inside).error();
  if (*inside) return {};
  return Error::invalid("expected " + range_text(range->first, range->second) + ", got " + found_text(node));
}

// ---- types -------------------------------------------------------------------------------------------------------------------

Result<void> convert_string(Node& node, const tarsier_config_key& key) {
  const bool scalar = !node.is_table() && !node.is_array();
  if (!node.is_string() && scalar && !node.raw.empty()) {  // --set password=1234
    node.kind = Kind::string;
    node.text = node.raw;
  }
  if (!node.is_string()) return mismatch(node, key);
  return {};
}

Result<void> convert_float(Node& node, const tarsier_config_key& key) {
  if (node.kind == Kind::integer) {
    node.kind = Kind::floating;
    node.number = static_cast<double>(node.integer);
  }
  if (node.kind != Kind::floating) return mismatch(node, key);
  return {};
}

Result<void> convert_unit(Node& node, const tarsier_config_key& key) {
  if (node.kind == Kind::integer && node.integer == 0) return {};
  if (!node.is_string()) return mismatch(node, key);
  auto value = parse_unit(key.type, node.text);
  if (!value) {
    auto error = mismatch(node, key);
    if (node.secret) return error;
    return Error::invalid(error.message() + ", which " + value.error().message());
  }
  node.kind = Kind::integer;
  node.integer = *value;
  return {};
}

Result<void> convert(Node& node, const tarsier_config_key& key) {
  switch (key.type) {
    case TARSIER_KEY_STRING:
      return convert_string(node, key);
    case TARSIER_KEY_FLOAT:
      return convert_float(node, key);
    case TARSIER_KEY_DURATION:
    case TARSIER_KEY_SIZE:
    case TARSIER_KEY_RATE:
      return convert_unit(node, key);
    case TARSIER_KEY_INT:
      return node.kind == Kind::integer ? Result<void>() : mismatch(node, key);
    case TARSIER_KEY_BOOL:
      return node.kind == Kind::boolean ? Result<void>() : mismatch(node, key);
    default:
      return Error::invalid("the schema gives an unknown type");
  }
}

Node plain_default(const tarsier_config_key& key) {
  Node node;
  node.defaulted = true;
  const std::string_view text = key.default_value;
  node.kind = Kind::string;
  node.text = text;
  if (key.type == TARSIER_KEY_STRING || has_unit(key.type)) return node;
  Findings ignored;  // what is no TOML stays a string, and the check of the type says so
  Node document = read_toml("value = " + std::string(text), std::make_shared<const Source>(), ignored);
  if (!ignored.empty() || document.children.size() != 1) return node;
  node = std::move(document.children.front());
  node.defaulted = true;
  return node;
}

}  // namespace

Result<void> check_scalar(Node& node, const tarsier_config_key& key) {
  if ((key.flags & TARSIER_KEY_SECRET) != 0) hide_values(node);
  if (auto converted = convert(node, key); !converted) return converted;
  if (auto chosen = check_choices(node, key); !chosen) return chosen;
  node.type = key.type;
  node.service = service_of(key);
  return {};
}

Result<Node> default_node(const tarsier_config_key& key, bool array) {
  Node node;
  node.defaulted = true;
  if (!array) {
    node = plain_default(key);
    if (auto checked = check_scalar(node, key); !checked) return std::move(checked).error();
    return node;
  }
  node.kind = Kind::array;
  const std::string_view text = key.default_value;
  if (text.starts_with('[')) {
    Findings findings;
    Node document = read_toml("value = " + std::string(text), std::make_shared<const Source>(), findings);
    if (!findings.empty() || document.children.size() != 1) return Error::invalid("is no TOML array");
    node.children = std::move(document.children.front().children);
  } else if (!text.empty()) {
    node.children.push_back(plain_default(key));
  }
  for (Node& child : node.children) {
    child.defaulted = true;
    if (auto checked = check_scalar(child, key); !checked) return std::move(checked).error();
  }
  return node;
}

Result<void> check_key_values(const tarsier_config_key& key) {
  if (key.choices != nullptr && key.type != TARSIER_KEY_STRING) {
    if (key.type == TARSIER_KEY_BOOL) return Error::invalid("a boolean has no choices");
    auto range = split_range(key.choices);
    if (!range) return std::move(range).error();
    if (auto sound = in_range(Node(), key.type, range->first, range->second); !sound) return std::move(sound).error().in("choices");
  }
  if (key.default_value == nullptr) return {};
  const bool array = std::string_view(key.path == nullptr ? "" : key.path).ends_with("[]");
  if (auto node = default_node(key, array); !node)
    return std::move(node).error().in("default \"" + std::string(key.default_value) + "\"");
  return {};
}

std::string expected_text(tarsier_key_type type) {
  switch (type) {
    case TARSIER_KEY_STRING:
      return "a string";
    case TARSIER_KEY_INT:
      return "an integer";
    case TARSIER_KEY_FLOAT:
      return "a number";
    case TARSIER_KEY_BOOL:
      return "true or false";
    case TARSIER_KEY_DURATION:
      return "a duration such as \"15s\"";
    case TARSIER_KEY_SIZE:
      return "a size such as \"64MiB\"";
    case TARSIER_KEY_RATE:
      return "a rate such as \"10MB/s\"";
    default:
      return "a table";
  }
}

std::string found_text(const Node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "an array";
  if (node.secret) return "another value";
  if (node.is_string()) {
    std::string_view text = node.text;
    if (text.size() <= kMaxQuoted) return toml_string(text);
    size_t end = kMaxQuoted;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    return toml_string(std::string(text.substr(0, end)) + "...");
  }
  return node.type == 0 && !node.text.empty() ? toml_string(node.text) : render_value(node);
}

}  // namespace tarsier::config
