// statfs(2) that cannot block its caller: a file server that is gone hangs the call in the kernel, for hours, and nothing ends it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <sys/statvfs.h>

namespace tarsier::node {

class StatfsProber {
 public:
  using Function = int (*)(const char* path, struct statvfs* out);
  /// `function` is statvfs, but for tests.
  explicit StatfsProber(Function function = ::statvfs);
  StatfsProber(const StatfsProber&) = delete;
  StatfsProber& operator=(const StatfsProber&) = delete;
  /// When a call hangs, its thread is left behind and the plugin's file stays loaded for it.
  ~StatfsProber();

  enum class Outcome { done, failed, stuck };
  /// Asks a thread of its own and waits at most `patience`. While an earlier call hangs every answer is `stuck`, at once.
  Outcome probe(const std::string& path, std::chrono::milliseconds patience, struct statvfs& out);
  bool idle() const;

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);
  std::shared_ptr<Shared> shared_;
};

}  // namespace tarsier::node
