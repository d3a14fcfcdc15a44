#include "core/config/render.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "core/config/units.hpp"

namespace tarsier::config {
namespace {

std::string toml_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer{};
  const auto done = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), done.ptr);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string integer_text(const Node& node) {
  switch (node.type) {
    case TARSIER_KEY_DURATION:
      return toml_string(format_duration(node.integer));
    case TARSIER_KEY_SIZE:
      return toml_string(format_size(node.integer));
    case TARSIER_KEY_RATE:
      return toml_string(format_rate(node.integer));
    default:
      return std::to_string(node.integer);
  }
}

std::string inline_entries(const Node& node) {
  std::string out;
  for (const Node& child : node.children) {
    if (!out.empty()) out += ", ";
    if (node.is_table()) out += quoted_key(child.key) + " = ";
    out += render_value(child);
  }
  return out;
}

/// Written below a header of its own.
bool has_header(const Node& node) { return !node.secret && (node.is_table() || is_array_of_tables(node)); }

class Writer {
 public:
  void table(const Node& node, const std::string& path) {
    for (const Node& child : node.children) {
      if (!has_header(child)) out_ += quoted_key(child.key) + " = " + render_value(child) + "\n";
    }
    for (const Node& child : node.children) {
      if (has_header(child)) section(child, child_path(path, child.key));
    }
  }

  void section(const Node& node, const std::string& path) {
    if (node.is_table()) {
      if (!holds_sections_only(node)) header("[" + path + "]");
      return table(node, path);
    }
    for (const Node& element : node.children) {
      header("[[" + path + "]]");
      table(element, path);
    }
  }

  std::string take() && { return std::move(out_); }

 private:
  static bool holds_sections_only(const Node& node) {
    for (const Node& child : node.children) {
      if (!has_header(child)) return false;
    }
    return !node.children.empty();
  }
  void header(const std::string& text) {
    if (!out_.empty()) out_ += "\n";
    out_ += text + "\n";
  }
  std::string out_;
};

}  // namespace

std::string toml_string(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (byte < 0x20 || byte == 0x7f) {
          out += "\\u00";
          out += kHex[byte >> 4U];
          out += kHex[byte & 0xfU];
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

std::string render_value(const Node& node) {
  if (node.secret) return toml_string(kSecretText);
  switch (node.kind) {
    case Kind::string:
      return toml_string(node.text);
    case Kind::integer:
      return integer_text(node);
    case Kind::floating:
      return toml_float(node.number);
    case Kind::boolean:
      return node.boolean ? "true" : "false";
    case Kind::array:
      return "[" + inline_entries(node) + "]";
    case Kind::table:
      return node.children.empty() ? "{}" : "{ " + inline_entries(node) + " }";
  }
  return {};
}

std::string render_toml(const Node& table, std::string_view prefix) {
  Writer writer;
  if (prefix.empty()) {
    writer.table(table, {});
  } else {
    writer.section(table, std::string(prefix));
  }
  return std::move(writer).take();
}

}  // namespace tarsier::config
