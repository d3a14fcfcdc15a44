#include "plugins/query/promql/exec/natural_order.hpp"

#include <algorithm>

namespace tarsier::promql {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

size_t digits(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  return count;
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const size_t a_size = digits(a);
      const size_t b_size = digits(b);
      const std::string_view a_number = a.substr(0, a_size);
      const std::string_view b_number = b.substr(0, b_size);
      const std::string_view a_plain = a_number.substr(std::min(a_number.find_first_not_of('0'), a_size));
      const std::string_view b_plain = b_number.substr(std::min(b_number.find_first_not_of('0'), b_size));
      if (a_plain.size() != b_plain.size()) return a_plain.size() < b_plain.size();
      if (a_plain != b_plain) return a_plain < b_plain;
      if (a_size != b_size) return a_size < b_size;
      a.remove_prefix(a_size);
      b.remove_prefix(b_size);
      continue;
    }
    if (a.front() != b.front()) return static_cast<unsigned char>(a.front()) < static_cast<unsigned char>(b.front());
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() < b.size();
}

}  // namespace tarsier::promql
