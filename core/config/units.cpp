#include "core/config/units.hpp"

#include <array>
#include <limits>

namespace tarsier::config {
namespace {

__extension__ using Wide = __int128;  // holds any product of two int64

struct Unit {
  std::string_view name;
  int64_t factor;
};

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kDay = kSecond * 86400;
constexpr std::array<Unit, 9> kDurations = {{{"y", 365 * kDay},
                                             {"w", 7 * kDay},
                                             {"d", kDay},
                                             {"h", 3600 * kSecond},
                                             {"m", 60 * kSecond},
                                             {"s", kSecond},
                                             {"ms", 1'000'000},
                                             {"us", 1'000},
                                             {"ns", 1}}};
constexpr std::array<Unit, 11> kSizes = {{{"PiB", int64_t{1} << 50},
                                          {"PB", 1'000'000'000'000'000},
                                          {"TiB", int64_t{1} << 40},
                                          {"TB", 1'000'000'000'000},
                                          {"GiB", int64_t{1} << 30},
                                          {"GB", 1'000'000'000},
                                          {"MiB", int64_t{1} << 20},
                                          {"MB", 1'000'000},
                                          {"KiB", int64_t{1} << 10},
                                          {"KB", 1'000},
                                          {"B", 1}}};
constexpr size_t kMaxTextSize = 64;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes "12" or "1.5" and the letters behind it from the front of a text.
struct Quantity {
  int64_t whole = 0;
  int64_t fraction = 0;  // of `fraction_scale`
  int64_t fraction_scale = 1;
  std::string_view unit;
};

Result<int64_t> take_digits(std::string_view& text) {
  int64_t value = 0;
  while (!text.empty() && is_digit(text.front())) {
    if (__builtin_mul_overflow(value, int64_t{10}, &value) || __builtin_add_overflow(value, int64_t{text.front() - '0'}, &value)) {
      return Error::invalid("is too large");
    }
    text.remove_prefix(1);
  }
  return value;
}

Result<Quantity> take_quantity(std::string_view& text) {
  Quantity quantity;
  if (text.empty() || !is_digit(text.front())) return Error::invalid("has no number where one is expected");
  auto whole = take_digits(text);
  if (!whole) return std::move(whole).error();
  quantity.whole = *whole;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    if (text.empty() || !is_digit(text.front())) return Error::invalid("has no digit after the point");
    for (int digits = 0; !text.empty() && is_digit(text.front()); ++digits, text.remove_prefix(1)) {
      if (digits >= 9) return Error::invalid("has more than nine digits after the point");
      quantity.fraction = quantity.fraction * 10 + (text.front() - '0');
      quantity.fraction_scale *= 10;
    }
  }
  size_t end = 0;
  while (end < text.size() && !is_digit(text[end])) ++end;
  quantity.unit = text.substr(0, end);
  text.remove_prefix(end);
  return quantity;
}

/// whole x factor + fraction, exact; a fraction that is no whole number of the smallest unit is refused.
Result<int64_t> scale(const Quantity& quantity, int64_t factor) {
  const Wide part = static_cast<Wide>(quantity.fraction) * factor;
  if (part % quantity.fraction_scale != 0) return Error::invalid("is finer than the smallest unit");
  const Wide value = static_cast<Wide>(quantity.whole) * factor + part / quantity.fraction_scale;
  if (value > std::numeric_limits<int64_t>::max()) return Error::invalid("is too large");
  return static_cast<int64_t>(value);
}

template <size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) noexcept {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

}  // namespace

Result<int64_t> parse_duration(std::string_view text) {
  if (text == "0") return int64_t{0};
  if (text.empty()) return Error::invalid("is empty");
  if (text.size() > kMaxTextSize) return Error::invalid("is too long");
  int64_t total = 0;
  const Unit* previous = nullptr;
  while (!text.empty()) {
    auto quantity = take_quantity(text);
    if (!quantity) return std::move(quantity).error();
    if (quantity->unit.empty()) return Error::invalid("has no unit (ns, us, ms, s, m, h, d, w, y)");
    const Unit* unit = find_unit(kDurations, quantity->unit == "\xc2\xb5s" ? "us" : quantity->unit);
    if (unit == nullptr)
      return Error::invalid("has the unknown unit \"" + std::string(quantity->unit) + "\" (ns, us, ms, s, m, h, d, w, y)");
    if (previous != nullptr && unit <= previous) return Error::invalid("has its units out of order");
    previous = unit;
    auto part = scale(*quantity, unit->factor);
    if (!part) return part;
    if (__builtin_add_overflow(total, *part, &total)) return Error::invalid("is too large");
  }
  return total;
}

Result<int64_t> parse_size(std::string_view text) {
  if (text == "0") return int64_t{0};
  if (text.empty()) return Error::invalid("is empty");
  if (text.size() > kMaxTextSize) return Error::invalid("is too long");
  auto quantity = take_quantity(text);
  if (!quantity) return std::move(quantity).error();
  if (quantity->unit.empty()) return Error::invalid("has no unit (B, KB, MB, GB, TB, KiB, MiB, GiB, TiB)");
  const Unit* unit = find_unit(kSizes, quantity->unit);
  if (unit == nullptr || !text.empty()) {
    return Error::invalid("has the unknown unit \"" + std::string(quantity->unit) + std::string(text) +
                          "\" (B, KB, MB, GB, TB, KiB, MiB, GiB, TiB)");
  }
  return scale(*quantity, unit->factor);
}

Result<int64_t> parse_rate(std::string_view text) {
  if (text == "0") return int64_t{0};
  if (!text.ends_with("/s")) return Error::invalid("does not end in \"/s\"");
  return parse_size(text.substr(0, text.size() - 2));
}

std::string format_duration(int64_t ns) {
  if (ns == 0) return "0s";
  // Years and weeks are left out: "15d" says more than "2w1d".
  std::string out;
  for (size_t i = 2; i < kDurations.size(); ++i) {
    const int64_t count = ns / kDurations[i].factor;
    if (count == 0) continue;
    out += std::to_string(count) + std::string(kDurations[i].name);
    ns -= count * kDurations[i].factor;
  }
  return out;
}

std::string format_size(int64_t bytes) {
  if (bytes == 0) return "0B";
  std::string best;
  for (const Unit& unit : kSizes) {
    if (bytes % unit.factor != 0) continue;
    std::string text = std::to_string(bytes / unit.factor) + std::string(unit.name);
    if (best.empty() || text.size() < best.size()) best = std::move(text);
  }
  return best;
}

std::string format_rate(int64_t bytes_per_second) { return format_size(bytes_per_second) + "/s"; }

}  // namespace tarsier::config
