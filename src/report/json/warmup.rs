//! `postdoc/warmup`, version 1.

use crate::report::warmup::Told;
use crate::warmup::check::{Advice, AtReceiver};
use crate::warmup::order::Domain;
use crate::warmup::{Check, Plan, Reason, Step, Tally};
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Debug, Serialize)]
pub struct Document {
    schema: &'static str,
    schema_version: u32,
    tool: &'static str,
    plan: Value,
    check: Option<Value>,
}

/// The document of a plan, and of the days if there are any.
pub fn document(told: &Told) -> Document {
    Document {
        schema: "postdoc/warmup",
        schema_version: 1,
        tool: env!("CARGO_PKG_VERSION"),
        plan: plan(told.plan),
        check: told.check.map(|c| check(c, told.dropped)),
    }
}

fn plan(plan: &Plan) -> Value {
    let order = &plan.order;
    let age = match order.domain {
        Domain::Unsaid => None,
        Domain::Age(days) => Some(days),
    };
    json!({
        "target": order.target,
        "start": order.start.to_string(),
        "platform": order.platform,
        "ip": order.ip.word(),
        "ips": order.ips,
        "domain_age_days": age,
        "current": order.current,
        "audience": order.audience.word(),
        "shares": order.shares.iter().map(|(name, share)| json!({"receiver": name, "percent": share})).collect::<Vec<_>>(),
        "follows": plan.bases.iter().map(|b| json!({"name": b.name, "source": b.source, "confidence": b.confidence})).collect::<Vec<_>>(),
        "days": plan.days.iter().map(|d| json!({
            "day": d.day, "date": d.date.to_string(), "volume": d.volume, "hourly": d.hourly, "receivers": volumes(&d.receivers),
        })).collect::<Vec<_>>(),
        "audience_by_day": plan.phases.iter().map(|p| json!({"from": p.from, "to": p.to, "text": p.text, "source": p.source})).collect::<Vec<_>>(),
        "notes": plan.notes.iter().map(|n| json!({
            "text": n.text, "source": Some(&n.source).filter(|s| !s.is_empty()),
        })).collect::<Vec<_>>(),
    })
}

fn volumes(receivers: &[(String, u64)]) -> Vec<Value> {
    receivers.iter().map(|(name, n)| json!({"receiver": name, "volume": n})).collect()
}

fn check(check: &Check, dropped: u64) -> Value {
    json!({
        "next": {
            "date": check.next.date.to_string(), "volume": check.next.volume,
            "receivers": volumes(&check.next.receivers), "because": check.next.because,
        },
        "days_left_out": dropped,
        "advice": check.advice.iter().map(advice).collect::<Vec<_>>(),
    })
}

fn advice(a: &Advice) -> Value {
    json!({
        "date": a.date.to_string(), "allowed": a.allowed, "sent": a.sent, "step": a.step.word(), "next": a.next,
        "headline": a.headline(), "numbers": tally(&a.total),
        "reasons": a.reasons.iter().map(reason).collect::<Vec<_>>(),
        "receivers": a.receivers.iter().map(at).collect::<Vec<_>>(),
    })
}

fn at(at: &AtReceiver) -> Value {
    json!({
        "receiver": at.name, "step": at.step.map(Step::word), "bound": at.bound.word(), "next": at.next, "numbers": tally(&at.tally),
        "reasons": at.reasons.iter().map(reason).collect::<Vec<_>>(),
    })
}

fn tally(t: &Tally) -> Value {
    json!({
        "sent": t.sent(), "attempts": t.attempts(), "delivered": t.delivered, "deferred": t.deferred,
        "excused": t.excused, "hard_bounces": t.invalid, "refused": t.refused, "lost": t.lost, "open": t.open,
        "complaints": t.complaints, "opens": t.opens, "clicks": t.clicks,
        "seeds": t.seeds.map(|s| json!({"inbox": s.inbox, "spam": s.spam})),
        "snds": t.snds.map(|s| s.word()), "spam_rate": t.spam_rate,
        "replies": t.codes.iter().map(|(key, c)| json!({
            "code": key, "count": c.count, "action": c.action.word(), "category": c.category.word(),
            "rule": c.rule, "meaning": c.meaning, "example": c.example,
        })).collect::<Vec<_>>(),
    })
}

fn reason(r: &Reason) -> Value {
    json!({
        "step": r.step.word(), "signal": r.signal, "text": r.text, "rule": r.rule,
        "source": Some(&r.source).filter(|s| !s.is_empty()),
    })
}
