#include "core/host/metrics_text.hpp"

#include <charconv>
#include <cmath>

namespace tarsier::host {
namespace {

void escape(std::string& out, std::string_view text, bool label) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && label) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view help, std::string_view type) {
  name_ = name;
  text_ += "# HELP " + name_ + ' ';
  escape(text_, help, false);
  text_ += "\n# TYPE " + name_ + ' ';
  text_ += type;
  text_ += '\n';
}

void MetricsText::sample(Labels labels, double value, std::string_view suffix) {
  text_ += name_;
  text_ += suffix;
  char separator = '{';
  for (const auto& [name, label] : labels) {
    text_ += separator;
    text_ += name;
    text_ += "=\"";
    escape(text_, label, true);
    text_ += '"';
    separator = ',';
  }
  if (labels.size() > 0) text_ += '}';
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  text_ += ' ';
  text_.append(buffer, end);
  text_ += '\n';
}

}  // namespace tarsier::host
