#include "core/config/nesting.hpp"

#include <vector>

namespace tarsier::config {
namespace {

/// Walks over the text; strings and comments are skipped. Depth is one for each open bracket and for each dot of the key before it.
class Scanner {
 public:
  Scanner(std::string_view text, uint32_t limit) : text_(text), limit_(limit) {}

  std::optional<uint32_t> run() {
    while (at_ < text_.size()) {
      step();
      if (base_ + dots_ > limit_) return line_;
    }
    return std::nullopt;
  }

 private:
  void step() {
    const char c = text_[at_];
    switch (c) {
      case '"':
      case '\'':
        return skip_string(c);
      case '#':
        return skip_comment();
      case '\n':
        ++line_;
        dots_ = 0;
        break;
      case '.':
        ++dots_;
        break;
      case ',':
        dots_ = 0;
        break;
      case '{':
      case '[':
        open_.push_back(base_);
        base_ += dots_ + 1;
        dots_ = 0;
        break;
      case '}':
      case ']':
        if (!open_.empty()) {
          base_ = open_.back();
          open_.pop_back();
        }
        dots_ = 0;
        break;
      default:
        break;
    }
    ++at_;
  }

  void skip_comment() {
    const size_t end = text_.find('\n', at_);
    at_ = end == std::string_view::npos ? text_.size() : end;
  }

  void skip_string(char quote) {
    const bool multi_line = at_ + 2 < text_.size() && text_[at_ + 1] == quote && text_[at_ + 2] == quote;
    at_ += multi_line ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        if (!multi_line) return;
        ++line_;
      }
      if (c == '\\' && quote == '"') {
        if (at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++line_;
        at_ += 2;
        continue;
      }
      if (c == quote && (!multi_line || closes(quote))) {
        at_ += multi_line ? 3 : 1;
        // Up to two quotes may stand directly before the closing three.
        while (multi_line && at_ < text_.size() && text_[at_] == quote) ++at_;
        return;
      }
      ++at_;
    }
  }
  bool closes(char quote) const {
    return text_.substr(at_, 3).find_first_not_of(quote) == std::string_view::npos && at_ + 3 <= text_.size();
  }

  std::string_view text_;
  uint32_t limit_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  uint32_t base_ = 0;
  uint32_t dots_ = 0;
  std::vector<uint32_t> open_;
};

}  // namespace

std::optional<uint32_t> line_nested_deeper_than(std::string_view toml, uint32_t limit) { return Scanner(toml, limit).run(); }

}  // namespace tarsier::config
