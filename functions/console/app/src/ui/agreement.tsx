// The license agreement, which whoever buys accepts.
import { Checkbox } from "./field";

interface Props {
  /** Where it can be read, if it can. */
  url: string | undefined;
  agreed: boolean;
  onAgreed: (agreed: boolean) => void;
  /** Whether it was tried without. */
  missing?: boolean;
}

export const Agreement = ({ url, agreed, onAgreed, missing }: Props) => (
  <Checkbox checked={agreed} onChecked={onAgreed} error={missing && !agreed ? "Accept the license agreement to go on." : undefined}
    label={<>I accept the {url ? <a href={url} target="_blank" rel="noopener noreferrer">license agreement</a> : "license agreement"}</>} />
);
