// Sink over the bus.
#pragma once

#include "plugins/alert/rules/group.hpp"
#include "tarsier/bus.hpp"

namespace tarsier::rules {

class BusSink final : public Sink {
 public:
  explicit BusSink(const Host& host) : host_(host) {}
  Result<void> samples(batch::SamplesBuilder& samples) override;
  Result<void> alerts(batch::AlertsBuilder& alerts) override;

 private:
  const Host& host_;
};

}  // namespace tarsier::rules
