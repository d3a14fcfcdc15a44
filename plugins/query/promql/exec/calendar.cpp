#include "plugins/query/promql/exec/calendar.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

namespace tarsier::promql {
namespace {

constexpr int64_t kDay = 86400;

struct Date {
  int64_t year;
  int64_t month;
  int64_t day;
};

/// Proleptic Gregorian calendar; days since 1970-01-01. Eras of 400 years, years that begin in March.
Date civil(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t of_era = days - era * 146097;
  const int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * of_year + 2) / 153;
  const int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, of_year - (153 * shifted + 2) / 5 + 1};
}

bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int64_t days_in(int64_t year, int64_t month) {
  if (month == 2) return is_leap(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int64_t day_of_year(const Date& date) {
  int64_t days = date.day;
  for (int64_t month = 1; month < date.month; ++month) days += days_in(date.year, month);
  return days;
}

}  // namespace

double calendar_field(FunctionId field, double seconds) {
  // The original answers for a number that is no time (NaN, Inf, beyond int64) whatever its processor makes of it.
  if (!(std::fabs(seconds) < 0x1p63)) return std::numeric_limits<double>::quiet_NaN();
  const auto whole = static_cast<int64_t>(seconds);
  int64_t days = whole / kDay;
  int64_t of_day = whole % kDay;
  if (of_day < 0) {
    of_day += kDay;
    --days;
  }
  const Date date = civil(days);
  const int64_t hour = of_day / 3600;
  switch (field) {
    case FunctionId::kDayOfMonth:
      return static_cast<double>(date.day);
    case FunctionId::kDayOfWeek:
      return static_cast<double>(((days + 4) % 7 + 7) % 7);
    case FunctionId::kDayOfYear:
      return static_cast<double>(day_of_year(date));
    case FunctionId::kDaysInMonth:
      return static_cast<double>(days_in(date.year, date.month));
    case FunctionId::kHour:
      return static_cast<double>(hour);
    case FunctionId::kMinute:
      return static_cast<double>(of_day / 60 % 60);
    case FunctionId::kMonth:
      return static_cast<double>(date.month);
    default:
      return static_cast<double>(date.year);
  }
}

}  // namespace tarsier::promql
