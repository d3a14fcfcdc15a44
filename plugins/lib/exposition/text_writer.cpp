// Writing the text format.
#include "plugins/lib/exposition/text_writer.hpp"

#include <algorithm>

#include "plugins/lib/exposition/number.hpp"

namespace tarsier::exposition {
namespace {

bool is_plain(std::string_view name, bool colons) noexcept {
  if (name.empty() || !is_name_start(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return is_name_char(c) && (colons || c != ':'); });
}

void escape(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quotes)
      out += "\\\"";
    else
      out += c;
  }
}

void quoted(std::string& out, std::string_view text) {
  out += '"';
  escape(out, text, true);
  out += '"';
}

void append_name(std::string& out, std::string_view name, bool colons) {
  if (is_plain(name, colons))
    out += name;
  else
    quoted(out, name);
}

}  // namespace

void TextWriter::family(std::string_view name, std::string_view help, std::string_view type) {
  if (!help.empty()) {
    out_ += "# HELP ";
    append_name(out_, name, true);
    out_ += ' ';
    escape(out_, help, false);
    out_ += '\n';
  }
  out_ += "# TYPE ";
  append_name(out_, name, true);
  out_ += ' ';
  out_ += type;
  out_ += '\n';
}

void TextWriter::series(std::string& out, std::string_view name, std::span<const LabelText> labels) {
  const bool plain = is_plain(name, true);
  if (plain) out += name;
  if (plain && labels.empty()) return;
  out += '{';
  bool first = plain;
  if (!plain) quoted(out, name);
  for (const LabelText& label : labels) {
    if (!first) out += ',';
    first = false;
    append_name(out, label.name, false);
    out += '=';
    quoted(out, label.value);
  }
  out += '}';
}

void TextWriter::sample(std::string_view name, std::span<const LabelText> labels, double value,
                        std::optional<int64_t> timestamp_ms) {
  series(out_, name, labels);
  out_ += ' ';
  append_number(out_, value);
  if (timestamp_ms) {
    out_ += ' ';
    out_ += std::to_string(*timestamp_ms);
  }
  out_ += '\n';
}

void TextWriter::sample(std::string_view series, double value) {
  out_ += series;
  out_ += ' ';
  append_number(out_, value);
  out_ += '\n';
}

}  // namespace tarsier::exposition
