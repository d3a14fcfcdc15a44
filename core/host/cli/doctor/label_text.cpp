#include "core/host/cli/doctor/label_text.hpp"

#include "core/host/json_writer.hpp"

namespace tarsier::host::cli {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<LabelPairs> read() {
    LabelPairs labels;
    const bool braces = take('{');
    while (true) {
      skip_spaces();
      if (braces ? take('}') : at_ == text_.size()) break;
      auto name = read_name();
      if (!name) return std::move(name).error();
      if (!take('=') && !take(':')) return wrong("expected = and a value in quotes");
      auto value = read_quoted();
      if (!value) return std::move(value).error();
      labels.emplace_back(std::move(*name), std::move(*value));
      if (take(',')) continue;
      if (braces ? !take('}') : at_ != text_.size()) return wrong("expected a comma or the end");
      break;
    }
    skip_spaces();
    if (at_ != text_.size()) return wrong("expected the end");
    return labels;
  }

 private:
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  bool take(char wanted) {
    skip_spaces();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  Error wrong(const std::string& what) const {
    return Error::invalid("labels, at character " + std::to_string(at_ + 1) + ": " + what);
  }

  Result<std::string> read_name() {
    skip_spaces();
    if (at_ < text_.size() && text_[at_] == '"') return read_quoted();
    const size_t begin = at_;
    const auto belongs = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':';
    };
    while (at_ < text_.size() && belongs(text_[at_])) ++at_;
    if (at_ == begin) return wrong("expected the name of a label");
    return std::string(text_.substr(begin, at_ - begin));
  }

  Result<std::string> read_quoted() {
    skip_spaces();
    if (at_ == text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return wrong("expected a value in quotes");
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_++];
      if (c == '\\' && at_ < text_.size()) {
        c = text_[at_++];
        if (c == 'n') c = '\n';
        if (c == 't') c = '\t';
      }
      out += c;
    }
    if (at_ == text_.size()) return wrong("the quotes do not end");
    ++at_;
    return out;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<LabelPairs> read_label_text(std::string_view text) { return Reader(text).read(); }

std::string json_of(const LabelPairs& labels) {
  JsonWriter json;
  json.begin_object();
  for (const auto& [name, value] : labels) json.key(name).string(value);
  return json.end_object().text();
}

}  // namespace tarsier::host::cli
