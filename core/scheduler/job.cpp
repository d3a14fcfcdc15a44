#include "core/scheduler/job.hpp"

#include <cstdio>

namespace tarsier::scheduler {

namespace {

std::string seconds(std::chrono::nanoseconds duration) {
  char text[40];
  std::snprintf(text, sizeof(text), "%g s", std::chrono::duration<double>(duration).count());
  return text;
}

}  // namespace

Priority priority_of(tarsier_priority priority) noexcept {
  if (priority <= TARSIER_PRIORITY_HIGH) return Priority::high;
  return priority == TARSIER_PRIORITY_NORMAL ? Priority::normal : Priority::low;
}

std::string describe(const Report& report) {
  if (report.kind == Report::Kind::no_thread)
    return "the system gives no thread for another worker: jobs wait for those that there are";
  std::string text(report.instance);
  text.append(": job \"").append(report.job).append("\" ");
  switch (report.kind) {
    case Report::Kind::overrun:
      return text + "still runs after its deadline of " + seconds(report.limit);
    case Report::Kind::failure:
      return text.append("let an exception escape: ").append(report.message);
    case Report::Kind::slowed:
      return text + "overran its interval of " + seconds(report.limit) + "; it now runs every " +
             seconds(report.limit * static_cast<int64_t>(report.factor));
    case Report::Kind::recovered:
      return text + "keeps within its interval of " + seconds(report.limit) + " again";
    case Report::Kind::no_thread:
      break;  // said above
  }
  return text;
}

}  // namespace tarsier::scheduler
